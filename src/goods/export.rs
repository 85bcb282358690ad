//! A shop's products as a file: read a page at a time, so that neither memory nor a transaction grows with the shop.

use actors::domain::ids::SellerId;
use actors::store::goods::{self, With};
use actors::store::{Store, StoreError};
use bytes::Bytes;
use futures::Stream;
use futures::stream::try_unfold;

use super::write::Pages;
use super::{Format, Goods};

/// Products of a page.
const PAGE: u64 = 200;

struct Left {
    store: Store,
    seller: SellerId,
    after: String,
    pages: Pages,
    is_over: bool,
}

impl Goods {
    /// All products, in the form that an import takes. What changes meanwhile is in it as it was when its page was
    /// read.
    pub fn export(
        &self,
        seller: SellerId,
        format: Format,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send + use<> {
        let pages = Pages::new(format);
        let left = Left { store: self.store.clone(), seller, after: String::new(), pages, is_over: false };
        try_unfold(left, next)
    }
}

async fn next(mut left: Left) -> Result<Option<(Bytes, Left)>, StoreError> {
    if left.is_over {
        return Ok(None);
    }
    let products = goods::page(left.store.reads(), left.seller, &left.after, PAGE, With::Details).await?;
    match products.last() {
        Some(last) => left.after.clone_from(&last.retailer_id),
        None => left.is_over = true,
    }
    let bytes = if left.is_over { left.pages.end() } else { left.pages.page(products) };
    Ok(Some((bytes, left)))
}
