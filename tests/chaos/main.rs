//! The prover with short settings: the service is killed at every fail point, from outside, and an actor at a time,
//! and must end as if nothing had happened.

#[cfg(test)]
#[path = "../it/support/postgres.rs"]
mod postgres;

use std::process::Command;

fn prove(settings: &[&str]) {
    let prover = Command::new(env!("CARGO_BIN_EXE_hawker")).arg("prove").args(settings).output();
    let prover = prover.expect("the binary is built with its tests");
    let (told, errors) = (String::from_utf8_lossy(&prover.stdout), String::from_utf8_lossy(&prover.stderr));
    assert!(prover.status.success(), "the prover ended with {}\n{told}\n{errors}", prover.status);
    assert!(told.contains("PROVED"), "{told}");
}

#[test]
fn whatever_is_killed_nothing_is_lost_and_nothing_is_doubled() {
    prove(&["--points", "--sellers", "6", "--customers", "4", "--kills", "3", "--actor-kills", "20"]);
}

#[test]
fn two_trees_of_actors_on_the_same_shops_never_double_anything() {
    prove(&["--rival", "--sellers", "4", "--customers", "3", "--kills", "2", "--actor-kills", "10"]);
}

#[test]
fn readings_that_lag_behind_never_double_anything() {
    prove(&["--stale", "--sellers", "4", "--customers", "3", "--kills", "2", "--actor-kills", "10"]);
}

#[tokio::test]
async fn on_postgresql_it_is_the_same() {
    let server = postgres::new_database().await;
    prove(&["--database", &server, "--sellers", "4", "--customers", "3", "--kills", "3", "--actor-kills", "15"]);
}

#[test]
fn an_event_that_ends_the_process_is_poison_after_five_starts_and_costs_no_other() {
    prove(&["--poison", "--sellers", "4"]);
}

#[tokio::test]
async fn on_postgresql_such_an_event_is_poison_too() {
    let server = postgres::new_database().await;
    prove(&["--poison", "--database", &server, "--sellers", "4"]);
}

#[test]
fn a_catalog_goes_up_whoever_is_killed_and_nothing_is_put_back() {
    prove(&["--catalog", "--points", "--products", "60", "--kills", "4", "--actor-kills", "18"]);
}

#[tokio::test]
async fn on_postgresql_a_catalog_goes_up_too() {
    let server = postgres::new_database().await;
    prove(&["--catalog", "--database", &server, "--products", "60", "--kills", "3", "--actor-kills", "12"]);
}
