//! The sandbox's stand-in for a store, on its own, with what a test wants to know of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use crate::sandbox::shop::{Shop, Tokens};
use crate::sandbox::{Options, Sandbox, start};

pub use crate::sandbox::shop::{Medium, ShopFault};

pub struct ShopServer {
    pub address: SocketAddr,
    shop: Arc<Mutex<Shop>>,
    _sandbox: Sandbox,
}

impl ShopServer {
    /// A store without products that takes one token.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = Options {
            any_key: true,
            ..Options::default()
        };
        let sandbox = start(listener, options).await.unwrap();
        let shop = sandbox.shop().clone();
        let mut empty = Shop::default();
        empty.tokens = Tokens::Only(vec!["shpat_test".to_owned()]);
        *shop.lock().unwrap() = empty;
        Self {
            address: sandbox.addr(),
            shop,
            _sandbox: sandbox,
        }
    }

    pub fn with<T>(&self, change: impl FnOnce(&mut Shop) -> T) -> T {
        change(&mut self.shop.lock().unwrap())
    }

    pub fn product(&self, id: &str, title: &str, skus: &[&str]) {
        self.with(|shop| shop.add_product(id, title, skus));
    }

    pub fn fault(&self, operation: &'static str, faults: &[ShopFault]) {
        let faults = faults.iter().cloned().collect();
        self.with(|shop| shop.faults.push((operation, faults)));
    }

    pub fn count(&self, operation: &str) -> usize {
        self.with(|shop| shop.calls.iter().filter(|(op, _)| *op == operation).count())
    }

    pub fn media(&self) -> Vec<Medium> {
        self.with(|shop| shop.products.iter().flat_map(|p| p.media.clone()).collect())
    }
}
