//! Finds a postal address: by the words before it, by street words with a number, by a postcode at the end.

use std::{collections::HashSet, ops::Range, sync::LazyLock};

use super::{
    contact::Found,
    message::Message,
    tokens::{Kind, glued},
    words::{Mark, is_and, is_filler, is_link},
};

/// Words of streets and buildings, folded.
const STREETS: &str = "\
    street road avenue av ave rd lane ln drive boulevard blvd court close crescent highway hwy parkway square \
    terrace place plaza way apartment apt flat suite building bldg block junction estate house calle c carrera \
    cra avenida avda colonia col barrio edificio piso paseo camino urbanizacion rue chemin allee impasse quai \
    cours residence immeuble appartement etage bd rua r travessa praca alameda rodovia estrada bairro apto bloco \
    andar";

/// Street words that are also other words: they need another word between them and the number (`12 Oak St`).
const SHORT: &str =
    "st dr way place court close square house flat block col c r av cours plaza drive suite building place";

/// How far a house number may stand from the street's word.
const REACH: usize = 5;

/// The address, with its tokens. `claimed` tokens name something to buy or are other contact details.
pub(super) fn address(message: &Message<'_>, claimed: &[bool], details: &[Range<usize>]) -> Option<Found> {
    let search = Search { message, claimed, details };
    let at = search.after_cue().or_else(|| search.around_street()).or_else(|| search.before_postcode())?;
    let value = message.words(at.clone()).to_owned();
    (!value.is_empty()).then_some(Found { value, at })
}

fn is_street(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| STREETS.split_whitespace().chain(["st", "dr"]).collect());
    WORDS.contains(word)
}

fn is_short(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| SHORT.split_whitespace().collect());
    WORDS.contains(word)
}

struct Search<'a> {
    message: &'a Message<'a>,
    claimed: &'a [bool],
    details: &'a [Range<usize>],
}

impl Search<'_> {
    fn len(&self) -> usize {
        self.message.tokens.len()
    }

    fn word(&self, at: usize) -> &str {
        self.message.tokens.get(at).map_or("", |token| token.word.as_str())
    }

    fn is_detail(&self, at: usize) -> bool {
        self.details.iter().any(|detail| detail.contains(&at))
    }

    /// `my address is …`, `deliver to …`; what is asked for is not told.
    fn after_cue(&self) -> Option<Range<usize>> {
        let cues = self.message.phrases.iter().filter(|phrase| phrase.is(Mark::Address) || phrase.is(Mark::Deliver));
        let mut told = cues.filter(|phrase| {
            let sentence = self.message.sentence_of(phrase.at.start);
            let asks = self.message.phrases_in(sentence).any(|phrase| phrase.is(Mark::Ask));
            !asks && !self.message.is_asked(sentence)
        });
        told.find_map(|phrase| {
            let mut start = phrase.at.end;
            while start < self.len()
                && (self.message.tokens[start].is_sign(':') || matches!(self.word(start), "is" | "es" | "est" | "to"))
            {
                start += 1;
            }
            let at = self.extent(start);
            let words = at.clone().filter(|at| self.message.tokens[*at].is_word()).count();
            let placed = at.clone().any(|at| is_street(self.word(at)) || self.message.tokens[at].is_number());
            let enough = if phrase.is(Mark::Address) { at.len() >= 2 } else { placed && words >= 2 };
            (enough && !(phrase.is(Mark::Deliver) && self.claims(&at))).then_some(at)
        })
    }

    /// True when most of this is something to buy.
    fn claims(&self, at: &Range<usize>) -> bool {
        let claimed = at.clone().filter(|at| self.claimed[*at]).count();
        claimed * 2 > at.len()
    }

    /// `12 Oak Street`, `Calle Mayor 12`
    fn around_street(&self) -> Option<Range<usize>> {
        (0..self.len()).filter(|at| is_street(self.word(*at)) && !self.claimed[*at]).find_map(|street| {
            let number = self.house_number(street)?;
            let at = self.extent(self.back_from(street.min(number)));
            (!self.claims(&at) && at.len() >= 3).then_some(at)
        })
    }

    fn house_number(&self, street: usize) -> Option<usize> {
        let is_number = |at: &usize| self.message.tokens[*at].is_number() && !self.is_detail(*at);
        let same_line = |at: &usize| self.message.tokens[*at].kind != Kind::Newline && !self.claimed[*at];
        let least = if is_short(self.word(street)) { 2 } else { 1 };
        let before = (street.saturating_sub(REACH)..street).rev().take_while(same_line).find(is_number);
        let before = before.filter(|number| street - number >= least);
        let after = (street + 1..self.len().min(street + 1 + REACH)).take_while(same_line).find(is_number);
        before.or_else(|| after.filter(|number| number - street >= least))
    }

    /// Where an address that is certain from `start` on begins: before it come only unknown words and commas.
    fn back_from(&self, start: usize) -> usize {
        let belongs = |at: &usize| {
            let token = &self.message.tokens[*at];
            let unknown = token.is_word() && !is_filler(&token.word) && !self.message.in_phrase(*at);
            let ours = unknown || token.is_number() || token.is_sign(',');
            ours && !self.claimed[*at] && !self.is_detail(*at)
        };
        let mut first = (0..start).rev().take_while(belongs).last().unwrap_or(start);
        while first < start && self.message.tokens[first].is_sign(',') {
            first += 1;
        }
        first
    }

    /// `11 Long Hill Springfield 93933`: a house number, words, and a postcode at the end of the line.
    fn before_postcode(&self) -> Option<Range<usize>> {
        let tokens = &self.message.tokens;
        let starts = (0..self.len()).filter(|at| tokens[*at].number().is_some() && !self.is_detail(*at));
        starts.into_iter().find_map(|start| {
            let at = self.extent(start);
            let last = at.clone().rev().find(|at| tokens[*at].is_number())?;
            let postcode = (4..=6).contains(&tokens[last].word.len()) && last + 1 == at.end && last >= start + 3;
            let words = at.clone().filter(|at| tokens[*at].is_word() && !self.message.is_common(*at)).count();
            (postcode && words >= 2 && !at.clone().any(|at| self.claimed[at])).then_some(at)
        })
    }

    /// From `start` to where the address ends: at another detail, a phrase, a sentence's or the line's end.
    fn extent(&self, start: usize) -> Range<usize> {
        let mut end = start;
        while end < self.len() && !self.ends(start, end) {
            end += 1;
        }
        while end > start && (!self.is_solid(end - 1)) {
            end -= 1;
        }
        start..end
    }

    fn is_solid(&self, at: usize) -> bool {
        let token = &self.message.tokens[at];
        let small = is_and(&token.word) || is_link(&token.word) || is_filler(&token.word) && token.word.len() > 2;
        token.is_number() || token.is_word() && !small
    }

    fn ends(&self, start: usize, at: usize) -> bool {
        let token = &self.message.tokens[at];
        let stops = [Mark::Phone, Mark::Polite, Mark::Order, Mark::Please, Mark::Ask];
        let phrase = self.message.phrases.iter().find(|phrase| phrase.at.start == at);
        let stopped =
            phrase.is_some_and(|phrase| stops.iter().any(|stop| phrase.is(*stop)) && !self.is_house_label(at));
        let sentence = match token.kind {
            Kind::Newline => !self.goes_on(at),
            Kind::Sign('!' | '?' | ';') => true,
            Kind::Sign('.') => at > start && self.is_full_stop(at),
            _ => false,
        };
        self.is_detail(at) || stopped || sentence
    }

    /// `no 12`: a label of the house, not a refusal.
    fn is_house_label(&self, at: usize) -> bool {
        self.message.tokens.get(at + 1).is_some_and(|next| next.is_number() && next.word.len() <= 5)
    }

    /// A point after a short word only shortens it (`St.`, `Av.`).
    fn is_full_stop(&self, at: usize) -> bool {
        let tokens = &self.message.tokens;
        let shortens = tokens[at - 1].is_word() && tokens[at - 1].word.len() <= 4;
        !shortens && tokens.get(at + 1).is_none_or(|next| !glued(&tokens[at], next))
    }

    /// An address goes on in the next line with its postcode.
    fn goes_on(&self, newline: usize) -> bool {
        self.message.tokens.get(newline + 1).is_some_and(|next| next.is_number() && (4..=6).contains(&next.word.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        let message = Message::new(text);
        let claimed = vec![false; message.tokens.len()];
        address(&message, &claimed, &[]).map(|found| found.value)
    }

    #[test]
    fn addresses_are_found_in_four_languages() {
        for (text, expected) in [
            ("my address is 4 Hill Lane, Accra. thanks", "4 Hill Lane, Accra"),
            ("deliver to 12 Oak Street, Leeds please", "12 Oak Street, Leeds"),
            ("vivo en Calle Luna 8, Puebla", "Calle Luna 8, Puebla"),
            ("livraison à 15 rue des Lilas, 69003 Lyon", "15 rue des Lilas, 69003 Lyon"),
            ("meu endereço é Rua das Flores 30, Porto", "Rua das Flores 30, Porto"),
            ("88 Mill Hill Springfield 62704", "88 Mill Hill Springfield 62704"),
        ] {
            assert_eq!(found(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_stays_out() {
        for text in ["what is your address?", "2 shirts in M", "send to my friend", "i will be there at 5"] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
