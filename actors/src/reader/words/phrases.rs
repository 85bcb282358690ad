//! What phrases tell: an order, a question, a change of mind. A phrase stands for itself; the longest one wins.

use std::{collections::HashMap, sync::LazyLock};

/// What a phrase is a sign of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::reader) enum Mark {
    /// Wants to have.
    Order,
    /// Speaks of ordering, so that it is an order even with nothing named.
    Buy,
    /// Wants the same as before.
    Again,
    /// Softens: an order only if something is named.
    Please,
    /// Wants to know.
    Ask,
    /// Wants an order otherwise.
    Change,
    /// Sets a quantity anew.
    MakeIt,
    /// Wants no order.
    Cancel,
    /// Wants one thing less.
    Remove,
    /// Wants one thing more.
    Add,
    Greet,
    /// Thanks, yes, no, goodbye: neither this nor that.
    Polite,
    /// Agrees.
    Yes,
    /// Does not agree.
    No,
    /// Wants another one of what was said.
    More,
    Complain,
    /// Tells of something that was.
    Past,
    /// Rules out what follows.
    Not,
    /// Takes back what was just said.
    Fix,
    Each,
    Extra,
    Light,
    /// Ends what a `Not` ruled out.
    With,
    /// `from`, as in from M to L.
    From,
    /// A phone number follows.
    Phone,
    /// A number follows that is no phone number.
    Code,
    /// An address follows.
    Address,
    /// A place to bring things to may follow.
    Deliver,
}

/// By mark: its phrases, parted by strokes.
const PHRASES: &[(Mark, &str)] = &[
    (
        Mark::Order,
        "i want|i wanna|i wanted|want|i need|need|id like|i would like|would like|\
         i d like|id love|i will have|ill have|i will take|ill take|i take|ill get|i will get|\
         ill try|let me get|let me have|let me take|can i get|can i have|can i take|could i get|could i have|\
         may i have|may i get|can you get me|can we get|can we have|could we get|could we have|we want|\
         we need|we would like|wed like|well have|give me|gimme|get me|send me|bring me|reserve me|\
         put me down for|pls send|please send|kindly send|i am taking|\
         im taking|looking to get|i go for|ill go with|dibs on|quiero|quisiera|me das|me da|me dan|dame|deme|\
         ponme|pongame|me pones|necesito|me gustaria|me llevo|mandame|me mandas|me apartas|apartame|me traes|\
         traeme|me vendes|quero|queria|eu quero|eu queria|gostaria|me ve|vou querer|vou levar|vou ficar com|\
         preciso|me manda|manda|pode mandar|pode separar|je voudrais|je veux|je prends|je prendrai|\
         je prendrais|il me faut|il me faudrait|je souhaite|jaimerais|j aimerais|j aurais besoin|donnez moi|\
         donne moi|mettez moi|mets moi|envoyez moi|je vais prendre|on prendra|mujhe|chahiye|bhej do|dena",
    ),
    (
        Mark::Buy,
        "to order|place an order|make an order|place order|i order|order for|want to buy|to buy|to purchase|\
         buy|i am ordering|im ordering|order please|hacer un pedido|quiero comprar|comprar|pedir|encargar|\
         passer commande|commander|acheter|fazer um pedido|encomendar|quero comprar",
    ),
    (
        Mark::Again,
        "same as last time|the same|same one|same as before|same again|same order|the usual|my usual|\
         order again|reorder|same as usual|the same as last time|the same as before|the same again|\
         the same order|the same as usual|lo mismo de siempre|lo mismo que la ultima vez|lo mismo|lo de siempre|\
         comme d habitude|comme la derniere fois|la meme chose|la meme commande|o mesmo|o mesmo da ultima vez|\
         o de sempre",
    ),
    (
        Mark::Please,
        "please|pls|plz|plss|please add|por favor|porfa|porfis|svp|stp|sil vous plait|sil te plait|\
         s il vous plait|kindly|pfv|pf|si us plau|for me",
    ),
    (
        Mark::Ask,
        "how much|how many|how long|how soon|how do|how does|how can|how to|how is|\
         how are you selling|how big|what|whats|which|who|whos|when|where|wheres|why|whose|is it|is there|\
         is this|is that|are there|are these|are you|are they|are the|is the|is your|is my|do you|do u|does|\
         does it|do they|did you|have you|have u|can you tell|could you tell|tell me|can you ship|do i|did i|\
         will you|will it|will there|can you tell me|could you tell me|i want to know|i need to know|\
         id like to know|i would like to know|want to know|need to know|wanna know|i want to ask|\
         i want to see|i want to check|i need to check|want to check|need to check|want to see|i need to see|\
         in stock|still available|available|price of|the price|last price|best price|discount|if i buy|\
         if i order|if i take|i would like to see|id like to see|how|any idea|wondering|curious|\
         interested in knowing|question|refund policy|return policy|delivery time|shipping cost|track|\
         tracking|trace my|status of|where is my|i need help|need help|need assistance|want help|\
         want assistance|i want help|i need assistance|help me|assistance|still got|you got|got any|any left|\
         left|cuanto|cuanto cuesta|cuanto vale|cuantos|cuantas|a como|precio|que precio|cual|\
         cuales|cuando|donde|como|quien|tienes|tienen|tiene|hay|hacen envios|hacen envio|envian|aceptan|\
         esta disponible|disponible|disponibles|queda|quedan|te queda|te quedan|les queda|de que|que tallas|\
         que colores|se puede|puedo pagar|descuento|por que|combien|c est combien|quel|quelle|quels|quelles|\
         quand|ou est|comment|pourquoi|est ce que|est ce qu|avez vous|vous avez|tu as|as tu|il vous reste|\
         il reste|reste t il|faites vous|vous faites|livrez vous|vous livrez|dispo|quel prix|le prix|prix|\
         reduction|qui|quoi|y a t il|quanto|quanto custa|quanto e|quantos|quantas|qual|quais|quando|onde|tem|\
         voces tem|vc tem|ainda tem|fazem entrega|entrega em|preco|qual o preco|disponivel|aceita|aceitam|\
         desconto|sera que|kya|kitna|kitne|kitni|kaise|kab|kaha|kahan|kaun|konsa|kaisa",
    ),
    (
        Mark::Change,
        "change|swap|exchange|replace|switch|modify|update|edit my order|amend|correct my order|make the|\
         can i change|cambiar|cambiame|cambia|cambio|modificar|puedes cambiar|changer|echanger|modifier|\
         remplacer|trocar|troca|mudar",
    ),
    (
        Mark::MakeIt,
        "make it|make that|make them|ponle|que sean|mettez en|mets en|faca|que seja|que sejam|hagamos|\
         finalmente",
    ),
    (
        Mark::Cancel,
        "cancel|cancelling|canceling|cancel my order|cancellation|dont want it anymore|no longer want|\
         not want anymore|i changed my mind|changed my mind|forget it|forget the order|never mind|nevermind|\
         dont need it anymore|do not want|call off|stop my order|cancelar|cancela|cancelen|anular|anula|\
         annuler|annulez|annule|cancelem|ya no quiero|ya no lo quiero|je n en veux plus|je ne veux plus|\
         laissez tomber|nao quero mais|desisti|deixa pra la|olvidalo",
    ),
    (
        Mark::Remove,
        "remove|take off|take out|delete|drop the|quita|quitale|quitar|saca|enleve|enlevez|retire|retirez|\
         supprimez|tira|tirar|retirar|remova",
    ),
    (
        Mark::Add,
        "add|also add|and add|adding|include|agrega|agregame|anade|anademe|suma|ajoute|ajoutez|ajouter|\
         rajoute|adiciona|acrescenta|coloca",
    ),
    (
        Mark::Greet,
        "hi|hii|hello|helo|hey|heya|hiya|yo|hallo|good morning|good afternoon|good evening|good day|gm|\
         morning|greetings|hola|buenas|buenos dias|buenas tardes|buenas noches|buen dia|que tal|bonjour|\
         bonsoir|salut|coucou|bjr|bsr|cc|slt|oi|ola|oie|bom dia|boa tarde|boa noite|tudo bem|e ai|salam|\
         assalamu alaikum|namaste|hi there|hello there|hey there|how are you|how are you doing|hows it going|\
         whats up|wassup|como estas|como esta|ca va|comment allez vous|tudo bom",
    ),
    (
        Mark::Polite,
        "thanks|thank you|thank u|thx|ty|tysm|thanx|bye|goodbye|see you|ok|okay|okey|kk|yes|yeah|yep|yup|\
         sure|no thanks|gracias|muchas gracias|merci|merci beaucoup|obrigado|obrigada|valeu|adios|au revoir|\
         tchau|vale|si|oui|sim|d accord|that is all|thats all|thats it|nothing else|no more|that will be all|\
         es todo|seria todo|c est tout|so isso|claro",
    ),
    (
        Mark::Yes,
        "yes|yeah|yep|yup|ok|okay|okey|kk|sure|confirm|i confirm|confirmed|yes please|go ahead|correct|si|vale|\
         claro|confirmo|confirmar|confirmado|oui|d accord|je confirme|confirmer|sim|isso|confirma",
    ),
    (Mark::No, "no|nope|nah|no thanks|no thank you|non|non merci|no gracias|nao|nao obrigado|nao obrigada"),
    (
        Mark::More,
        "another|another one|one more|two more|three more|otro|otra|uno mas|una mas|dos mas|un autre|une autre|\
         encore un|encore une|un de plus|une de plus|outro|outra|mais um|mais uma|mais dois|mais duas",
    ),
    (
        Mark::Complain,
        "broken|damaged|defective|faulty|torn|ripped|stained|spoiled|stale|rotten|mouldy|moldy|leaked|\
         leaking|crushed|wrong item|wrong size|wrong color|wrong colour|wrong order|wrong product|\
         sent me the wrong|got the wrong|received the wrong|disappointed|disappointing|unacceptable|terrible|\
         horrible|awful|scam|scammed|scammer|worst|never arrived|not arrived|hasnt arrived|havent received|\
         havent got|didnt receive|did not receive|not received|never received|still waiting|still havent|\
         want refund|want a refund|my money back|i want my money|complaint|complain|missing from|is missing|\
         was missing|roto|rota|rotos|rotas|danado|danada|manchado|manchada|no me llego|no ha llegado|\
         nunca llego|no llega|equivocado|equivocada|pesimo|pesima|estafa|decepcionado|decepcionada|reclamo|\
         queja|devolucion|reembolso|defectuoso|defectuosa|casse|cassee|casses|abime|abimee|dechire|pas recu|\
         jamais recu|toujours pas|decu|decue|arnaque|defectueux|rembourser|remboursement|manquant|\
         manque dans|plainte|reclamation|inadmissible|quebrado|quebrada|estragado|estragada|\
         rasgado|rasgada|nao chegou|nao recebi|veio errado|veio errada|reclamacao|golpe|pessimo",
    ),
    (
        Mark::Past,
        "i ordered|i bought|we ordered|i got|i received|i have ordered|ive ordered|already ordered|\
         had ordered|bought|ordered|received|last week|last month|yesterday|had|came|arrived|last time|\
         years ago|i paid|pedi|compre|recibi|ayer|me llego|j ai commande|j ai achete|j ai recu|hier|comprei|\
         recebi|ontem|chegou|encomendei",
    ),
    (
        Mark::Not,
        "no|not|without|w o|dont want|do not want the|dont add|do not add|dont put|do not put|\
         hold the|hold|minus|except|leave out|leave off|skip|skip the|avoid|instead of|rather than|with no|\
         sin|nada de|en vez de|en lugar de|no quiero|sans|pas de|pas d|pas le|pas la|pas les|pas|au lieu de|\
         plutot que|sem|nao|em vez de|ao inves de|neither|not with|not the|\
         dont include|do not include|but no|but not|nahi|no more",
    ),
    (
        Mark::Fix,
        "no wait|wait|wait no|i mean|i meant|no sorry|sorry no|oh sorry|oops|scratch that|correction|\
         no actually|actually no|sorry|actually|better|make that|no make it|rather|no no|perdon|no perdon|\
         digo|mejor|no mejor|quise decir|o sea|non pardon|pardon|plutot|enfin non|je veux dire|non attends|\
         attends|non|finalement|na verdade|alias|ou melhor|melhor|quero dizer|nao espera|espera|desculpa|\
         no espera",
    ),
    (
        Mark::Each,
        "each|of each|one of each|apiece|per color|in each|every color|every colour|cada|cada uno|cada una|\
         de cada|de cada uno|de cada color|chacun|chacune|de chaque|chaque|de cada um|de cada uma|cada um|\
         cada uma|all colors|all colours",
    ),
    (
        Mark::Extra,
        "extra|double|lots of|a lot of|plenty of|more|heavy on|mucho|mucha|beaucoup de|bastante|muito|\
         extra lots of",
    ),
    (
        Mark::Light,
        "light|light on|easy on|a little|a little bit of|a bit of|little|less|just a little|poco|un poco de|\
         un peu de|pouco|um pouco de|go easy on",
    ),
    (Mark::With, "with|but with|but|con|avec|com|mais avec|pero con|topped with|on it|and add"),
    (Mark::From, "from"),
    (
        Mark::Phone,
        "phone|phone number|call|call me|call me on|whatsapp|whatsapp me on|number is|my number|my number is|\
         contact|contact number|contact no|contact number is|phone no|ph|ph no|tel|mob|mobile|mobile number|\
         cell|cel|celular|movil|telefono|mi numero|numero|numero de telefono|telephone|mon numero|portable|\
         telefone|meu numero|zap|wa|number|num",
    ),
    (
        Mark::Code,
        "order number|order no|order id|order nr|purchase number|my order|tracking number|invoice|\
         invoice number|otp|pin|pincode|code|ref|reference|account|account number|card|card number|purchase|\
         the order|pedido|pedido numero|commande numero|commande|codigo|track order|order",
    ),
    (
        Mark::Address,
        "address|my address|my address is|address is|delivery address|the address is|addr|direccion|\
         mi direccion|mi direccion es|adresse|mon adresse|mon adresse est|adresse de livraison|endereco|\
         meu endereco|meu endereco e|domicilio",
    ),
    (
        Mark::Deliver,
        "deliver to|delivered to|delivery to|ship to|shipped to|shipping to|send to|send it to|ship it to|\
         deliver it to|send them to|bring to|i live at|i stay at|i am at|im at|entregar en|enviar a|envio a|\
         mandar a|manda a|vivo en|estoy en|livrer a|livrez a|livraison a|livrez au|livrer au|j habite|\
         j habite au|entregar em|entrega em|entregar na|entregar no|moro na|moro no|moro em|enviar para",
    ),
];

type Rest = (Vec<&'static str>, Mark);

/// All phrases, by their first word.
static BY_FIRST: LazyLock<HashMap<&str, Vec<Rest>>> = LazyLock::new(|| {
    let mut phrases: HashMap<&str, Vec<Rest>> = HashMap::new();
    for (mark, row) in PHRASES {
        for phrase in row.split('|') {
            let mut words = phrase.split(' ');
            let first = words.next().unwrap_or_default();
            phrases.entry(first).or_default().push((words.collect(), *mark));
        }
    }
    phrases
});

/// The marks of the longest phrase at the front of these words, and how many words it has.
pub(in crate::reader) fn marks_at(words: &[&str]) -> Option<(usize, Vec<Mark>)> {
    let (first, rest) = words.split_first()?;
    let found = BY_FIRST.get(first).or_else(|| BY_FIRST.get(unstretched(first)))?;
    let fits =
        |phrase: &Rest| rest.len() >= phrase.0.len() && phrase.0.iter().zip(rest).all(|(want, word)| want == word);
    let longest = found.iter().filter(|phrase| fits(phrase)).map(|(words, _)| words.len()).max()?;
    let marks =
        found.iter().filter(|phrase| phrase.0.len() == longest && fits(phrase)).map(|(_, mark)| *mark).collect();
    Some((longest + 1, marks))
}

/// `holaaa` without its stretched end.
fn unstretched(word: &str) -> &str {
    let Some(last) = word.chars().next_back() else { return word };
    let trimmed = word.trim_end_matches(last);
    word.get(..trimmed.len() + last.len_utf8()).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_phrase_wins() {
        let (len, marks) = marks_at(&["i", "want", "to", "know", "more"]).unwrap();
        assert_eq!((len, marks), (4, vec![Mark::Ask]));
    }

    #[test]
    fn stretched_greetings_are_greetings() {
        assert_eq!(marks_at(&["heyyyy"]).unwrap().1, [Mark::Greet]);
        assert_eq!(marks_at(&["holaaa"]).unwrap().1, [Mark::Greet]);
    }

    #[test]
    fn every_phrase_is_folded() {
        for phrase in PHRASES.iter().flat_map(|(_, row)| row.split('|')) {
            assert_eq!(phrase, crate::reader::tokens::fold(phrase).trim());
            assert!(!phrase.contains("  ") && !phrase.is_empty());
        }
    }
}
