//! `reconcile`: what polls and captures report, and what that does to jobs and sums.

mod adoption;
mod equality;
mod grades;
mod late_news;
mod money;
mod polls;
