//! The prover with short settings: the service is killed at every fail point, from outside, and an actor at a time,
//! and must end as if nothing had happened.

use std::process::Command;

#[test]
fn whatever_is_killed_nothing_is_lost_and_nothing_is_doubled() {
    let settings = ["--points", "--sellers", "6", "--customers", "4", "--kills", "3", "--actor-kills", "20"];
    let prover = Command::new(env!("CARGO_BIN_EXE_hawker")).arg("prove").args(settings).output().unwrap();
    let (told, errors) = (String::from_utf8_lossy(&prover.stdout), String::from_utf8_lossy(&prover.stderr));
    assert!(prover.status.success(), "the prover ended with {}\n{told}\n{errors}", prover.status);
    assert!(told.contains("PROVED"), "{told}");
}
