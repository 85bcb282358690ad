//! `hawker doctor`: whether a shop's connections work, line by line, and what to do where they do not.

use clap::Args;
use serde_json::{Value, json};

use super::Stage;
use crate::cli::desk::Desk;
use crate::cli::service::{Call, ServiceArgs, Shop};
use crate::cli::shown::{Screen, clean, findings, minute, rows, text_of};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker doctor 1                      looks at all connections of shop 1, now
  hawker doctor 1 --connection 3       at one of them
  hawker doctor 1 --last               what was found when somebody looked last: it costs no calls

It ends with 1 where something is red.";

#[derive(Debug, Args)]
pub(in crate::cli) struct DoctorArgs {
    /// The shop, by its number; `mine` is the one that the key belongs to.
    seller: Shop,
    /// Only this connection.
    #[arg(long, value_name = "CONNECTION")]
    connection: Option<i64>,
    /// Shows what was found last, and asks nobody.
    #[arg(long)]
    last: bool,
    #[command(flatten)]
    service: ServiceArgs,
}

impl DoctorArgs {
    /// False: something is red.
    pub(super) async fn run(self, stage: Stage) -> anyhow::Result<bool> {
        let desk = Desk::new(&self.service, stage)?;
        let all = desk.service.read(&Call::get("/api/v1/sellers/{seller}/connections").of(self.seller)).await?;
        let is_meant = |connection: &&&Value| match self.connection {
            Some(wanted) => connection["id"] == wanted,
            None => connection["state"] != "disconnected",
        };
        let (mut found, mut text) = (Vec::new(), String::new());
        for connection in rows(&all["data"]).iter().filter(is_meant) {
            let path = "/api/v1/sellers/{seller}/connections/{connection}/doctor";
            let call = if self.last { Call::get(path) } else { Call::post(path) };
            let checkup = desk.service.read(&call.of(self.seller).at("connection", text_of(&connection["id"]))).await?;
            text.push_str(&shown(desk.screen, connection, &checkup));
            found.push(json!({ "connection": connection["id"], "checkup": checkup }));
        }
        if found.is_empty() {
            anyhow::bail!("there is no such connection that works: `hawker connections list` shows what there is");
        }
        let is_red = found.iter().any(|one| one["checkup"]["light"] == "red");
        desk.tell(&json!({ "data": found }).to_string(), || text)?;
        Ok(!is_red)
    }
}

fn shown(screen: Screen, connection: &Value, checkup: &Value) -> String {
    let table = findings(screen, &rows(&checkup["lines"]));
    if !screen.is_terminal() {
        let id = text_of(&connection["id"]);
        return table.lines().map(|line| format!("{id}\t{line}\n")).collect();
    }
    let of = |name: &str| clean(&text_of(&connection[name]));
    let (light, at) = (text_of(&checkup["light"]), minute(&checkup["at"]));
    format!(
        "Connection {}, {} {}: {} ({at} UTC)\n\n{table}\n",
        of("id"),
        of("channel"),
        of("name"),
        screen.bold(&light)
    )
}
