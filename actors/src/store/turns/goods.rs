//! What a turn changes of what is for sale, and the caps.

use chrono::{DateTime, Utc};
use entity::{item_over, modifier, product, product_details, variant};

use crate::domain::changes::Changes;
use crate::store::rows::{self, json};

use super::TurnSql;

impl TurnSql {
    pub(super) fn change_goods(&mut self, changes: &Changes, now: DateTime<Utc>) {
        let (seller, Changes { products, details, products_over: over, .. }) = (self.seller, changes);
        // What happened to them has got a number as well, so none of an earlier turn is as great as this.
        let changed = changes.last_id;
        let then = (now, changed);
        self.put::<product::Entity>(products.iter().map(|product| rows::product_row(seller, product, then)));
        self.remove::<product::Entity>(product::Column::RetailerId, over.iter());
        // Rows of all products before any is added: a variant may have gone from one to another.
        let products_then = over.iter().chain(products.iter().map(|product| &product.retailer_id));
        self.remove::<variant::Entity>(variant::Column::Product, products_then);
        self.add::<variant::Entity>(products.iter().flat_map(|product| rows::variant_rows(seller, product)));
        let shown_then = over.iter().chain(details.iter().map(|details| &details.product));
        self.remove::<product_details::Entity>(product_details::Column::Product, shown_then);
        self.add::<product_details::Entity>(details.iter().flat_map(|details| rows::details_rows(seller, details)));
        self.put::<item_over::Entity>(changes.items_over.iter().map(|over| rows::item_over_row(seller, over, changed)));
        self.put::<modifier::Entity>(changes.modifiers.iter().map(|it| rows::modifier_row(seller, it)));
        self.remove::<modifier::Entity>(modifier::Column::Id, changes.modifiers_over.iter());
        if let Some(caps) = &changes.caps {
            self.make("UPDATE seller SET caps = $1 WHERE id = $2", [json(caps).into(), seller.0.into()]);
        }
    }
}
