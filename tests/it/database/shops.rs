//! Computers that publish to one shop from one log attach each clip once.

use serde_json::Value;

use super::{silence_runs, with_lines};
use crate::shop::ShopServer;
use crate::support::World;
use crate::support::orders::{Order, log_of};
use crate::support::postgres::Database;
use crate::support::processes::eventually;
use crate::support::vendor::{Cdn, clip};

const PUBLISH: [&str; 6] = [
    "publish",
    "--to",
    "shopify",
    "--store",
    "example.myshopify.com",
    "--json",
];

/// A shop that does not finish processing before it is let.
struct Setting {
    shop: ShopServer,
    _cdn: Cdn,
    database: Database,
    log: String,
}

impl Setting {
    /// So many SKUs, each with a product and a finished clip.
    async fn of(count: usize) -> Option<Self> {
        let cdn = Cdn::honest();
        let skus: Vec<String> = (0..count).map(|n| format!("SKU-{n}")).collect();
        let orders = skus.iter().enumerate().map(|(n, sku)| {
            let url = cdn.put(sku, clip(sku, 2000));
            Order::of(sku, n + 2, &url).for_sku().rehearsed()
        });
        let orders: Vec<Order> = orders.collect();
        let (database, log) = with_lines(&log_of(&orders))?;
        let shop = ShopServer::start().await;
        for (n, sku) in skus.iter().enumerate() {
            shop.product(&n.to_string(), sku, &[sku]);
        }
        shop.with(|shop| shop.looks = 1_000_000);
        Some(Self {
            shop,
            _cdn: cdn,
            database,
            log,
        })
    }

    fn computer(&self) -> World {
        World::new()
            .with_var("SHOPIFY_ADMIN_TOKEN", "shpat_test")
            .with_var(
                "CREATIVEAI_BASE_URL",
                &format!("http://{}", self.shop.address),
            )
            .with_var("CREATIVEAI_JOBS", &self.log)
    }

    /// The shop has processed what it has, and does so from now on at once.
    fn process(&self) {
        self.shop.with(|shop| {
            shop.looks = 0;
            let media = shop.products.iter_mut().flat_map(|p| &mut p.media);
            media.for_each(|medium| medium.looks = 0);
        });
    }

    /// Clips that the log says are attached.
    fn attached(&self) -> usize {
        let query = "SELECT count(*) FROM creativeai.lines WHERE line LIKE '%\"attached\"%'";
        self.database.sql(query).parse().unwrap()
    }

    fn assert_each_product_has_one(&self) {
        let media: Vec<usize> = self.shop.with(|shop| {
            let products = shop.products.iter();
            products.map(|product| product.media.len()).collect()
        });
        assert!(media.iter().all(|count| *count == 1), "{media:?}");
        assert_eq!(self.shop.count("productUpdate"), media.len());
    }
}

fn number(json: &Value, name: &str) -> u64 {
    json[name].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn computers_that_publish_to_one_shop_at_the_same_time_attach_each_clip_once() {
    let Some(set) = Setting::of(8).await else {
        return;
    };
    let computers = [set.computer(), set.computer()];
    let runs = computers.each_ref().map(|world| world.start(&PUBLISH));
    // Both are in the middle of their first clips.
    let working = "SELECT count(DISTINCT run) FROM creativeai.leases";
    eventually("both are at work", || set.database.sql(working) == "2");
    set.process();
    let mut published = 0;
    for run in runs {
        let ended = run.wait();
        let json = ended.json();
        published += number(&json, "published");
        let code = if number(&json, "left_to_others") > 0 {
            75
        } else {
            0
        };
        assert_eq!(ended.code(), code, "{}", ended.stderr);
    }
    assert_eq!(published, 8);
    let at_last = computers[0].run(&PUBLISH).expect(0).json();
    assert_eq!(number(&at_last, "already"), 8);
    set.assert_each_product_has_one();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_computer_was_publishing_to_a_shop_another_one_takes_over() {
    let Some(set) = Setting::of(2).await else {
        return;
    };
    let (first, other) = (set.computer(), set.computer());
    let run = first.start(&[&PUBLISH[..], &["--concurrency", "1"]].concat());
    eventually("a clip is attached", || set.attached() == 1);
    run.kill();
    set.process();
    // The lease is left alone as long as its holder may live.
    let left = other.run(&PUBLISH).expect(75).json();
    assert_eq!(
        (number(&left, "left_to_others"), number(&left, "published")),
        (1, 1)
    );
    silence_runs(&set.database);
    let taken = other.run(&PUBLISH).expect(0).json();
    assert_eq!(number(&taken, "published"), 1);
    set.assert_each_product_has_one();
}
