//! What we say to customers by ourselves, in the seller's language.

use super::channel::TextLimit;
use super::draft::Missing;
use super::order::Order;
use super::reading::Contact;
use super::seller::Language;

/// Asks for what a draft still needs, all in one message.
pub fn question(language: Language, order: &Order, missing: &[Missing]) -> String {
    let words = Words::of(language);
    let (short, open): (Vec<_>, Vec<_>) = missing.iter().partition(|need| matches!(need, Missing::Stock { .. }));
    let mut text = words.got_it.replace("{items}", &items(order));
    for need in short {
        if let Missing::Stock { label, left } = need {
            let sentence = if *left == 0 { words.sold_out } else { words.only_left };
            text.push('\n');
            text.push_str(&sentence.replace("{item}", label).replace("{left}", &left.to_string()));
        }
    }
    if !open.is_empty() {
        text.push('\n');
        text.push_str(words.please_tell);
        for need in open {
            text.push_str("\n- ");
            text.push_str(&words.need(need));
        }
    }
    text
}

/// Asks whether an order is right, with everything that would be agreed.
pub fn summary(language: Language, order: &Order, contact: &Contact) -> String {
    let words = Words::of(language);
    agreed(words, words.is_it_right.to_owned(), order, contact, words.shall_we)
}

/// What is on the buttons beneath a summary: yes, and no.
pub fn yes_or_no(language: Language) -> (&'static str, &'static str) {
    let words = Words::of(language);
    (words.confirm, words.cancel)
}

/// Writes buttons as numbered lines, for channels that have none.
pub fn numbered<'a>(text: &str, titles: impl Iterator<Item = &'a str>) -> String {
    let lines = titles.enumerate().map(|(place, title)| format!("\n{}. {title}", place + 1));
    text.to_owned() + &lines.collect::<String>()
}

/// Confirms an order with everything that was agreed.
pub fn confirmation(language: Language, order: &Order, contact: &Contact) -> String {
    let words = Words::of(language);
    let first = words.confirmed.replace("{number}", &order.id.to_string());
    agreed(words, first, order, contact, words.thanks)
}

fn agreed(words: &Words, first: String, order: &Order, contact: &Contact, last: &str) -> String {
    let mut lines = vec![first];
    lines.extend(order.lines.iter().map(|line| format!("{} x {} = {}", line.quantity, line.label(), line.total())));
    lines.extend(order.total().map(|total| format!("{}: {total}", words.total)));
    let details = [(words.phone, &contact.phone), (words.email, &contact.email), (words.address, &contact.address)];
    lines.extend(details.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}: {value}"))));
    lines.push(last.to_owned());
    lines.join("\n")
}

/// Cuts a text into parts within the limit, between lines where there are any, never inside a character.
pub fn parts(text: &str, limit: TextLimit) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let fits = limit.fitting(rest);
        if fits == rest.len() {
            break;
        }
        let cut = rest[..fits].rfind('\n').or_else(|| rest[..fits].rfind(' ')).filter(|at| *at > 0).unwrap_or(fits);
        let cut = if cut == 0 { rest.ceil_char_boundary(1) } else { cut };
        parts.push(rest[..cut].to_owned());
        rest = rest[cut..].trim_start();
    }
    if !rest.is_empty() {
        parts.push(rest.to_owned());
    }
    parts
}

fn items(order: &Order) -> String {
    order.lines.iter().map(|line| format!("{} x {}", line.quantity, line.label())).collect::<Vec<_>>().join(", ")
}

struct Words {
    got_it: &'static str,
    please_tell: &'static str,
    option: &'static str,
    or: &'static str,
    only_left: &'static str,
    sold_out: &'static str,
    your_phone: &'static str,
    your_email: &'static str,
    your_address: &'static str,
    is_it_right: &'static str,
    shall_we: &'static str,
    confirm: &'static str,
    cancel: &'static str,
    confirmed: &'static str,
    total: &'static str,
    phone: &'static str,
    email: &'static str,
    address: &'static str,
    thanks: &'static str,
}

const EN: Words = Words {
    got_it: "Thank you! We noted: {items}.",
    please_tell: "To complete your order, please send us:",
    option: "{item}: which {option}? ({choices})",
    or: "or",
    only_left: "Sorry, there are only {left} left of {item}. How many would you like?",
    sold_out: "Sorry, {item} is sold out. Would you like something else?",
    your_phone: "your phone number",
    your_email: "your e-mail address",
    your_address: "your delivery address",
    is_it_right: "Please check your order:",
    shall_we: "Shall we confirm it?",
    confirm: "Confirm",
    cancel: "Cancel",
    confirmed: "Your order {number} is confirmed:",
    total: "Total",
    phone: "Phone",
    email: "E-mail",
    address: "Address",
    thanks: "Thank you!",
};

const FR: Words = Words {
    got_it: "Merci ! Nous avons noté : {items}.",
    please_tell: "Pour compléter votre commande, envoyez-nous s'il vous plaît :",
    option: "{item} : quel choix pour « {option} » ? ({choices})",
    or: "ou",
    only_left: "Désolés, il ne reste que {left} de {item}. Combien en voulez-vous ?",
    sold_out: "Désolés, {item} est épuisé. Souhaitez-vous autre chose ?",
    your_phone: "votre numéro de téléphone",
    your_email: "votre adresse e-mail",
    your_address: "votre adresse de livraison",
    is_it_right: "Vérifiez votre commande, s'il vous plaît :",
    shall_we: "Devons-nous la confirmer ?",
    confirm: "Confirmer",
    cancel: "Annuler",
    confirmed: "Votre commande {number} est confirmée :",
    total: "Total",
    phone: "Téléphone",
    email: "E-mail",
    address: "Adresse",
    thanks: "Merci !",
};

const ES: Words = Words {
    got_it: "¡Gracias! Hemos anotado: {items}.",
    please_tell: "Para completar tu pedido, envíanos por favor:",
    option: "{item}: ¿qué opción de «{option}»? ({choices})",
    or: "o",
    only_left: "Lo sentimos, solo quedan {left} de {item}. ¿Cuántos quieres?",
    sold_out: "Lo sentimos, {item} está agotado. ¿Quieres otra cosa?",
    your_phone: "tu número de teléfono",
    your_email: "tu correo electrónico",
    your_address: "tu dirección de entrega",
    is_it_right: "Revisa tu pedido, por favor:",
    shall_we: "¿Lo confirmamos?",
    confirm: "Confirmar",
    cancel: "Cancelar",
    confirmed: "Tu pedido {number} está confirmado:",
    total: "Total",
    phone: "Teléfono",
    email: "Correo",
    address: "Dirección",
    thanks: "¡Gracias!",
};

const PT: Words = Words {
    got_it: "Obrigado! Anotámos: {items}.",
    please_tell: "Para completar o pedido, envie-nos por favor:",
    option: "{item}: qual opção de «{option}»? ({choices})",
    or: "ou",
    only_left: "Lamentamos, só restam {left} de {item}. Quantos deseja?",
    sold_out: "Lamentamos, {item} está esgotado. Deseja outra coisa?",
    your_phone: "o seu número de telefone",
    your_email: "o seu e-mail",
    your_address: "a sua morada de entrega",
    is_it_right: "Verifique o seu pedido, por favor:",
    shall_we: "Podemos confirmá-lo?",
    confirm: "Confirmar",
    cancel: "Cancelar",
    confirmed: "O seu pedido {number} está confirmado:",
    total: "Total",
    phone: "Telefone",
    email: "E-mail",
    address: "Morada",
    thanks: "Obrigado!",
};

impl Words {
    fn of(language: Language) -> &'static Words {
        match language {
            Language::En => &EN,
            Language::Fr => &FR,
            Language::Es => &ES,
            Language::Pt => &PT,
        }
    }

    fn need(&self, need: &Missing) -> String {
        match need {
            Missing::Option { title, name, choices, .. } => self
                .option
                .replace("{item}", title)
                .replace("{option}", name)
                .replace("{choices}", &self.any_of(choices)),
            Missing::Stock { label, .. } => label.clone(),
            Missing::Phone => self.your_phone.to_owned(),
            Missing::Email => self.your_email.to_owned(),
            Missing::Address => self.your_address.to_owned(),
        }
    }

    /// `S, M or L`
    fn any_of(&self, choices: &[String]) -> String {
        match choices.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} {} {last}", rest.join(", "), self.or),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::channel::Channel;
    use crate::domain::ids::{ConversationId, CustomerId, OrderId};
    use crate::domain::money::Money;
    use crate::domain::order::{OrderLine, OrderState};

    fn order() -> Order {
        let line = OrderLine {
            product: "LIN".into(),
            variant: None,
            title: "Linen Shirt".into(),
            options: vec![("Color".into(), "Blue".into())],
            modifiers: vec![],
            quantity: 2,
            unit_price: Money { minor: 2990, currency: "USD".parse().unwrap() },
            evidence: vec![],
            confidence: 1.0,
            stock_taken: false,
        };
        Order {
            id: OrderId(7),
            conversation: ConversationId(1),
            customer: CustomerId(1),
            channel: Channel::Instagram,
            source_key: "message:1".into(),
            state: OrderState::Draft,
            lines: vec![line],
            confidence: 1.0,
            contact: Contact::default(),
            opened_at: chrono::DateTime::UNIX_EPOCH,
            confirmed_at: None,
            version: 1,
            by_hand: false,
        }
    }

    #[test]
    fn a_question_names_all_that_is_missing_in_every_language() {
        let choices = vec!["S".to_owned(), "M".to_owned(), "L".to_owned()];
        let (product, title, with) = ("LIN".into(), "Linen Shirt".into(), vec![]);
        let size = Missing::Option { product, title, with, name: "Size".into(), choices };
        let missing = [size, Missing::Stock { label: "Cap".into(), left: 1 }, Missing::Phone, Missing::Address];
        for language in Language::ALL {
            let text = question(language, &order(), &missing);
            assert!(
                text.contains("2 x Linen Shirt (Blue)") && text.contains("S, M ") && text.contains("Cap"),
                "{text}"
            );
            assert!(!text.contains('{'), "{text}");
        }
        assert!(question(Language::En, &order(), &missing).contains("S, M or L"));
    }

    #[test]
    fn a_confirmation_says_what_was_agreed() {
        let contact = Contact { phone: Some("+15550100".into()), ..Contact::default() };
        for language in Language::ALL {
            let text = confirmation(language, &order(), &contact);
            assert!(text.contains("2 x Linen Shirt (Blue) = 59.80 USD") && text.contains("+15550100"), "{text}");
            assert!(!text.contains('{'), "{text}");
        }
    }

    #[test]
    fn a_summary_says_what_would_be_agreed_and_confirms_nothing() {
        for language in Language::ALL {
            let text = summary(language, &order(), &Contact::default());
            let (yes, no) = yes_or_no(language);
            assert!(text.contains("2 x Linen Shirt (Blue) = 59.80 USD") && text.ends_with('?'), "{text}");
            assert!(!text.contains('{') && yes != no && yes.len().max(no.len()) <= 20, "{text}");
            assert!(numbered(&text, [yes, no].into_iter()).ends_with(&format!("?\n1. {yes}\n2. {no}")), "{text}");
        }
    }

    proptest! {
        #[test]
        fn parts_fit_and_lose_only_blanks(text in "[a-zé\u{1F600} \n]{0,400}", limit in 4_usize..60) {
            let bytes = parts(&text, TextLimit::Bytes(limit));
            prop_assert!(bytes.iter().all(|part| part.len() <= limit));
            let parts = parts(&text, TextLimit::Characters(limit));
            prop_assert!(parts.iter().all(|part| part.encode_utf16().count() <= limit));
            let solid = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(solid(&parts.concat()), solid(&text));
            prop_assert_eq!(solid(&bytes.concat()), solid(&text));
        }
    }
}
