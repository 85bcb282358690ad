//! The reader's word lists, in English, Spanish, French and Portuguese: what it knows of language, not of one shop.
//!
//! All words stand folded: lower case, without accents and apostrophes.

mod concepts;
mod phrases;

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

pub(super) use phrases::{Mark, marks_at};

/// Number words. Articles count as one too, but only weakly: see [`is_article`].
const NUMBERS: &[(u32, &str)] = &[
    (0, "zero"),
    (1, "one un una uno une um uma ek"),
    (2, "two dos deux dois duas"),
    (3, "three tres trois"),
    (4, "four cuatro quatre quatro"),
    (5, "five cinco cinq"),
    (6, "six seis"),
    (7, "seven siete sept sete"),
    (8, "eight ocho huit oito"),
    (9, "nine nueve neuf nove"),
    (10, "ten diez dix dez"),
    (11, "eleven once onze"),
    (12, "twelve doce douze doze"),
    (13, "thirteen trece treize treze"),
    (14, "fourteen catorce quatorze"),
    (15, "fifteen quince quinze"),
    (16, "sixteen dieciseis seize dezesseis"),
    (17, "seventeen diecisiete dezessete"),
    (18, "eighteen dieciocho dezoito"),
    (19, "nineteen diecinueve dezenove"),
    (20, "twenty veinte vingt vinte"),
    (30, "thirty treinta trente trinta"),
    (40, "forty cuarenta quarante quarenta"),
    (50, "fifty cincuenta cinquante cinquenta"),
    (60, "sixty sesenta soixante sessenta"),
    (80, "eighty ochenta oitenta"),
    (90, "ninety noventa"),
    (100, "hundred cien cent cem"),
];

/// Words that count in dozens.
const DOZENS: &str = "dozen dozens dozn docena docenas douzaine douzaines duzia duzias";
const HALVES: &str = "half media medio demi demie meia";

/// Words for two things. A pair of what is sold by the pair is one.
const PAIRS: &str = "pair pairs pr prs par pares paire paires";
const COUPLES: &str = "couple cple";

/// Roots of things sold by the pair.
const PAIRED: &str = "\
    shoe shoes sneaker sneakers sock socks earring earrings boot boots slide slides sandal sandals glove gloves \
    heel heels slipper slippers trainer trainers glasses sunglasses jeans pants trousers shorts leggings zapato \
    zapatos calcetin calcetines arete aretes pendiente pendientes guante guantes bota botas sandalia sandalias \
    zapatilla zapatillas tenis lentes gafas chaussure chaussures basket baskets chaussette chaussettes boucle \
    boucles gant gants bottes lunettes sandale sandales sapato sapatos meia meias brinco brincos luva luvas \
    oculos chinelo chinelos";

/// Words that carry nothing by themselves: they neither name a product nor make a message unclear.
const FILLERS: &str = "\
    the this that these those it its my your our me you u we us they them he she i im ive id ill am is are be \
    been was do does did have has had will would can could should may might to of for from with in on at by as \
    so just only also too then than and or but if not no yes yeah ok okay all any some more please there here \
    what now today tonight tomorrow morning evening weekend monday tuesday wednesday thursday friday saturday \
    sunday order color colour size sizes shade piece pieces pcs pc item items each one ones thing let lets get \
    got give make made want need like take go ready really very much lot well dear sir madam maam bro sis hun \
    babe friend guys team shop store side total altogether extra regular plain name via dm ur yours pm asap soon \
    possible thank thanks nice good drink drinks eat under over near between through up down out off about into \
    per because same going great lovely love cool perfect awesome maybe actually guess think wait sorry el la \
    los las lo le un una unos unas de del al y e o en con sin por para que es son mi mis tu tus su sus te se nos \
    si ya muy mas menos tambien solo hoy manana esta este esto ese esa eso favor gracias hola talla pieza piezas \
    quiero cada otro otra viernes sabado domingo lunes martes miercoles jueves paso cuando ella ellas ellos les \
    des du au aux et ou d l j n s c qu m t a dans avec sans sur pour par ce cet cette ces je il elle nous vous \
    ils mon ma mes ton ta votre vos notre est sont suis ai ete plus tres bien aussi alors donc merci taille \
    couleur svp stp aujourdhui demain matin soir midi os um uma uns umas da dos das ao na nas em com sem eu voce \
    voces ele ela meu minha seu sua pra pro tambem hoje amanha obrigado obrigada tamanho cor peca pecas sim nao \
    mais muito";

/// Words that may stand between the words of one name (`linen for men`, `pain au chocolat`).
const LINKS: &str = "of the de del des du d l la le les el los las au aux a al en in da do dos das com para for y";

/// Words between a number and what it counts, or after it: pieces, packs, portions.
const COUNTED: &str = "\
    x pc pcs pce piece pieces pz pzas pza pieza piezas unidad unidades unidade un unid unit units uds ud pack \
    packs box boxes set sets caja cajas boite boites caixa caixas paquete paquetes paquet paquets pacote pacotes \
    bag bags bottle bottles botella botellas bouteille bouteilles garrafa garrafas jar jars bar bars nos no \
    order orders portion portions copies copy exemplaires";

/// Words after a number that make it a measure, a time or a crowd: no quantity.
const UNITS: &str = "\
    g gr gm gms gram grams gramme grammes gramos gramas kg kgs kilo kilos mg ml mls cl dl l lt ltr litre litres \
    liter liters litro litros oz lb lbs cm mm m mt mtr metre metres meter meters metro metros inch inches in ft \
    feet pulgadas pouces polegadas yard yards am pm h hr hrs hour hours hora horas heure heures min mins minute \
    minutes minutos day days dia dias jour jours week weeks semana semanas semaine semaines month months mes \
    meses mois year years yr yrs ano anos ans an old people persons person persona personas personne personnes \
    pessoa pessoas guests percent pct st nd rd th er eme e o k bucks";

/// Words next to which a number is money.
const MONEY: &str = "\
    usd eur gbp ghs cedi cedis ngn naira inr rs rupee rupees rupiya mxn peso pesos brl real reais euro euros \
    dollar dollars pound pounds xof xaf cfa fcfa kes ksh shilling shillings zar rand aed dirham dirhams budget \
    price precio prix preco cost pay paid pagar payer";

/// Words after which a number is no quantity: sizes, codes, clock times, places.
const LABELS: &str = "\
    size sizes talla taille tamanho numero number no nr num n age shade tono teinte model modelo modele at \
    around before after until till by since las flat apt apartment house room suite floor unit block plot gate \
    casa depto piso bloco code otp pin zip cep cp ref invoice waist length spf";

/// A number word's value.
pub(super) fn number(word: &str) -> Option<u32> {
    static WORDS: LazyLock<HashMap<&str, u32>> = LazyLock::new(|| {
        NUMBERS.iter().flat_map(|(value, words)| words.split(' ').map(move |word| (word, *value))).collect()
    });
    WORDS.get(word).copied()
}

/// True for an English article: it counts as one only right before what it counts.
pub(super) fn is_article(word: &str) -> bool {
    matches!(word, "a" | "an")
}

/// True for number words that are also everyday words (`once`).
pub(super) fn is_doubtful_number(word: &str) -> bool {
    matches!(word, "once" | "sept" | "nove" | "cent" | "ek")
}

macro_rules! word_set {
    ($(#[$doc:meta])* $name:ident, $list:ident) => {
        $(#[$doc])*
        pub(super) fn $name(word: &str) -> bool {
            static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| $list.split_whitespace().collect());
            WORDS.contains(word)
        }
    };
}

word_set!(
    /// `dozen`
    is_dozen,
    DOZENS
);
word_set!(
    /// `half`, as in half a dozen
    is_half,
    HALVES
);
word_set!(
    /// `pair`
    is_pair,
    PAIRS
);
word_set!(
    /// `couple`
    is_couple,
    COUPLES
);
word_set!(
    /// `shoes`
    is_paired,
    PAIRED
);
word_set!(
    /// A word that carries nothing by itself.
    is_filler,
    FILLERS
);
word_set!(
    /// A word that may stand inside a name.
    is_link,
    LINKS
);
word_set!(
    /// `pcs`
    is_counted,
    COUNTED
);
word_set!(
    /// `cm`, `pm`, `people`
    is_unit,
    UNITS
);
word_set!(
    /// `euros`, `budget`
    is_money,
    MONEY
);
word_set!(
    /// `size`, `at`
    is_label,
    LABELS
);

/// True for a word that joins two things.
pub(super) fn is_and(word: &str) -> bool {
    matches!(word, "and" | "y" | "e" | "et" | "n" | "nd" | "plus" | "aur" | "und")
}

/// True for a word that offers a choice.
pub(super) fn is_or(word: &str) -> bool {
    matches!(word, "or" | "o" | "ou")
}

/// True for a word after a number that makes it come on top of what was said before.
pub(super) fn is_more(word: &str) -> bool {
    matches!(word, "more" | "mas" | "mais")
}

/// True for a word that stands between a thing and what is wanted in its place.
pub(super) fn puts_in_place(word: &str) -> bool {
    matches!(word, "for" | "to" | "with" | "into" | "por" | "con" | "para" | "pour" | "par" | "contre" | "com")
}

/// The word that stands for all words of the same meaning, if this is one of a few that shops need in every language.
pub(super) fn concept(word: &str) -> Option<&'static str> {
    static WORDS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        let rows = concepts::LOOKS.iter().chain(concepts::WARES);
        let rows = rows.filter_map(|row| Some((row.split(' ').next()?, row)));
        rows.flat_map(|(first, row)| row.split(' ').map(move |word| (word, first))).collect()
    });
    WORDS.get(word).copied()
}

/// True for the root of a colour or a size: such a word alone does not name a product.
pub(super) fn is_look(root: &str) -> bool {
    static ROOTS: LazyLock<HashSet<&str>> =
        LazyLock::new(|| concepts::LOOKS.iter().filter_map(|row| row.split(' ').next()).collect());
    ROOTS.contains(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_is_folded() {
        let rows = concepts::LOOKS
            .iter()
            .chain(concepts::WARES)
            .copied()
            .chain([FILLERS, LINKS, COUNTED, UNITS, MONEY, LABELS, PAIRED]);
        for word in rows.flat_map(str::split_whitespace) {
            assert_eq!(word, crate::reader::tokens::fold(word));
        }
    }

    #[test]
    fn number_words_of_four_languages_are_known() {
        for (word, value) in [("two", 2), ("siete", 7), ("quinze", 15), ("duas", 2), ("vingt", 20)] {
            assert_eq!(number(word), Some(value), "{word}");
        }
        assert_eq!(number("shirt"), None);
    }
}
