//! Which tables hold something of the people who write to a shop. A test holds this against the tables there are, so that
//! a new one is thought of when it is made: whatever is personal is exported, and is erased.

use super::Section;

/// Tables with something of a person in them, each with the section that shows it.
pub const PERSONAL: [(&str, Section); 13] = [
    ("customer", Section::Customer),
    ("customer_alias", Section::Aliases),
    ("conversation", Section::Conversations),
    ("message", Section::Messages),
    ("lead", Section::Leads),
    ("shop_order", Section::Orders),
    ("order_line", Section::Orders),
    ("order_change", Section::Orders),
    ("note", Section::Notes),
    ("comment", Section::Comments),
    ("outbox", Section::Outbox),
    ("loose_end", Section::LooseEnds),
    // What Meta sent is in a section, and what the shop did in another.
    ("inbox_event", Section::Events),
];

/// All other tables, each with why nothing of a person is in it.
pub const IMPERSONAL: &[(&str, &str)] = &[
    ("account_owner", "accounts of sellers"),
    ("alarm", "names things by their ids"),
    ("api_key", "keys of sellers"),
    ("app_hold", "a pause of Meta's"),
    ("audit", "what holders of keys did, naming things by their ids"),
    ("catalog", "what is for sale"),
    ("catalog_product", "what is for sale"),
    ("checkup", "connections of sellers"),
    ("connecting", "whoever connects an account of a seller's"),
    ("connection", "accounts of sellers"),
    ("credential", "tokens of sellers' accounts; erased at the request of whoever granted them"),
    ("erasure", "ids at Meta until it is over, then what nobody can turn back into them"),
    ("former_owner", "accounts that sellers had"),
    ("hold", "pauses of Meta's"),
    ("intake", "counts"),
    ("item_over", "what was for sale"),
    ("meta_request", "prints of requests"),
    ("modifier", "what is for sale"),
    ("office_request", "sealed answers to holders of keys"),
    ("process_life", "lives of the process"),
    ("product", "what is for sale"),
    ("product_details", "what is for sale"),
    ("rate_window", "counts"),
    ("root_secret", "a secret of the service"),
    ("secret_seen", "labels of secrets"),
    ("seaql_migrations", "steps of the schema"),
    ("seller", "sellers"),
    ("shop_event", "names things by their ids"),
    ("sync_body", "what is for sale"),
    ("sync_call", "what is for sale"),
    ("sync_run", "what is for sale"),
    ("token_refused", "tokens of sellers' accounts"),
    ("unknown_account", "accounts that are nobody's"),
    ("variant", "what is for sale"),
    ("webhook_delivery", "names things by their ids"),
    ("webhook_endpoint", "systems of sellers"),
];
