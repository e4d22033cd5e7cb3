//! `review`: what a person thinks of clips, and what follows from it.

mod page;
mod sheet;

use crate::support::orders::{Order, log_of};
use crate::support::vendor::{unused_api, world};
use crate::support::{Server, World};

/// Finished clips of one listing, one a row, and an API that no one is to ask.
fn finished(count: usize) -> (Server, World, Vec<Order>) {
    let orders: Vec<Order> = (0..count)
        .map(|n| {
            let url = format!("https://cdn.example.com/{n}.mp4");
            Order::of(&format!("LST-{n}"), n + 2, &url)
        })
        .collect();
    let api = unused_api();
    let world = world(&api, &log_of(&orders));
    (api, world, orders)
}

/// Takes in verdicts on the first clips, in order; an empty one is none.
fn judge(world: &World, orders: &[Order], verdicts: &[&str]) {
    let mut table = "job,attempt,verdict\n".to_owned();
    for (order, verdict) in orders.iter().zip(verdicts) {
        table += &format!("{},1,{verdict}\n", order.job());
    }
    world.write("verdicts.csv", table);
    world.run(&["review", "--from", "verdicts.csv"]).expect(0);
}
