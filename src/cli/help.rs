//! What `--help` says, and what shells and `man` make of the same: one description of all verbs.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Arg, Args, Command};
use clap_complete::Shell;

use super::desk::write;

/// The verbs by what they are for. A test knows when one is missing.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Running it", &["serve", "check", "secret", "secrets", "dm", "prove"]),
    ("A shop's day", &["conversations", "orders", "customers", "leads", "comments", "notes", "events"]),
    ("What a shop is made of", &["sellers", "connections", "products", "modifiers", "sync", "keys", "webhooks"]),
    (
        "Looking into it",
        &[
            "doctor",
            "webhook-test",
            "ledger",
            "outbox",
            "budget",
            "actor",
            "commands",
            "erasures",
            "retention",
            "audit",
            "me",
        ],
    ),
    ("For the shell", &["completions", "man"]),
];

const EXAMPLES: &str = "\
Examples:
  hawker                                      the demo, on http://127.0.0.1:8080
  hawker dm \"two blue linen shirts in M\"      a customer writes to the demo
  hawker orders list 1 --state draft          what customers of shop 1 are about to order
  hawker conversations show 1 5               what was said
  hawker products import 1 products.csv       fills the catalog
  hawker ledger                               says what became of everything that came in
  hawker check                                says what is still missing to serve
  hawker serve --listen 0.0.0.0:8080          serves Meta's webhooks

Settings: `config.toml` lists all of them; HAWKER__SECTION__KEY in the environment overrides any. Verbs about a running
service find it with --server or HAWKER_SERVER, and open it with HAWKER_API_KEY, else with the operator's key beside the
service's database. The demo's key is hawker-demo-operator-key.";

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// For which shell.
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Writes a page for each verb into this folder.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// The whole command line, with its verbs in groups and examples at the end of each help.
pub(super) fn whole(command: Command) -> Command {
    let nouns: Vec<Command> = command.get_subcommands().cloned().collect();
    let command = command.after_help(EXAMPLES);
    let command = nouns.iter().fold(command, |command, noun| {
        let examples = noun.get_after_help().map(ToString::to_string).unwrap_or_default();
        command.mut_subcommand(noun.get_name(), |noun| with_examples(noun, &examples))
    });
    let heading = command.get_styles().get_header();
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{}\n{heading}Options:{heading:#}\n{{options}}{{after-help}}",
        grouped(&command)
    );
    command.help_template(template)
}

/// Gives each verb the examples of its noun that are about it.
fn with_examples(noun: Command, examples: &str) -> Command {
    let verbs: Vec<String> = noun.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let name = noun.get_name().to_owned();
    verbs.into_iter().fold(noun, |noun, verb| {
        let begin = format!("  hawker {name} {verb}");
        let of_this =
            |line: &&str| line.strip_prefix(&begin).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        let its_own: Vec<&str> = examples.lines().filter(of_this).collect();
        noun.mut_subcommand(verb, |verb| {
            let verb = verb.mut_args(explained);
            match its_own.is_empty() {
                true => verb,
                false => verb.after_help(format!("Examples:\n{}", its_own.join("\n"))),
            }
        })
    })
}

/// Says what an argument is that says nothing itself, as it is the same everywhere.
fn explained(argument: Arg) -> Arg {
    if argument.get_help().is_some() {
        return argument;
    }
    let help = match argument.get_id().as_str() {
        "seller" => "The shop, by its number; `mine` is the one that the key belongs to",
        "conversation" => "The conversation, by its number",
        "order" => "The order, by its number",
        "customer" => "The customer, by their number",
        "lead" => "The lead, by its number",
        "note" => "The note, by its number",
        "webhook" => "The webhook, by its number",
        "connection" => "The connection, by its number",
        "product" => "The product, by its SKU",
        "modifier" => "The modifier, by its id",
        "run" => "The run, by its id",
        "item" => "The item, by its SKU",
        "erasure" => "The erasure, by its id",
        "command" => "The key that the command was accepted under",
        "stage" => "How far it is now",
        "channel" => "Where the account is",
        "text" => "The words",
        "name" => "The customer's name",
        "phone" => "The customer's phone number",
        "email" => "The customer's e-mail address",
        "address" => "Where to deliver",
        "kind" => "Only this kind: order.confirmed, message.received, ...",
        _ => return argument,
    };
    argument.help(help)
}

/// The verbs under the headings of their groups.
fn grouped(command: &Command) -> String {
    let styles = command.get_styles();
    let (heading, literal) = (styles.get_header(), styles.get_literal());
    let mut text = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(text, "\n{heading}{title}:{heading:#}");
        for verb in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {literal}{:<13}{literal:#}  {about}", verb.get_name());
        }
    }
    text
}

/// Writes what makes a shell complete the command line.
pub(super) fn completions(args: &CompletionsArgs, mut command: Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "hawker", &mut script);
    write(&mut std::io::stdout(), &script)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the manual: one page, or a page for each verb.
pub(super) fn man(args: &ManArgs, command: Command) -> anyhow::Result<ExitCode> {
    match &args.dir {
        Some(folder) => write_pages(folder, command)?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page).context("could not write the page")?;
            write(&mut std::io::stdout(), &page)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write_pages(folder: &Path, command: Command) -> anyhow::Result<()> {
    let failed = || format!("could not write into {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    clap_mangen::generate_to(command, folder).with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use super::*;

    #[test]
    fn every_verb_is_in_a_group_and_every_group_knows_its_verbs() {
        let command = Cli::described();
        let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set()).map(|verb| verb.get_name().to_owned());
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        grouped.sort_unstable();
        let mut shown: Vec<String> = shown.filter(|name| name != "help").collect();
        shown.sort_unstable();
        assert_eq!(shown, grouped);
    }

    #[test]
    fn every_verb_of_a_noun_has_an_example() {
        let mut command = Cli::described();
        command.build();
        let mut without = Vec::new();
        for noun in command.get_subcommands().filter(|noun| noun.get_name() != "help") {
            for verb in noun.get_subcommands().filter(|verb| verb.get_name() != "help") {
                let examples = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
                if !examples.contains("Examples:") {
                    without.push(format!("{} {}", noun.get_name(), verb.get_name()));
                }
            }
        }
        assert_eq!(without, Vec::<String>::new());
    }

    #[test]
    fn every_word_of_a_verb_says_what_it_is() {
        fn silent(command: &Command, path: &str, found: &mut Vec<String>) {
            let name = format!("{path} {}", command.get_name());
            let without = command.get_arguments().filter(|argument| argument.get_help().is_none());
            found.extend(without.map(|argument| format!("{name} {}", argument.get_id())));
            command.get_subcommands().for_each(|verb| silent(verb, &name, found));
        }
        let mut found = Vec::new();
        silent(&Cli::described(), "", &mut found);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn the_command_line_is_sound_and_so_is_what_is_made_of_it() {
        Cli::described().debug_assert();
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::described(), "hawker", &mut script);
            assert!(String::from_utf8(script).unwrap().contains("hand-over"), "{shell}");
        }
        let folder = tempfile::tempdir().unwrap();
        write_pages(folder.path(), Cli::described()).unwrap();
        let page = std::fs::read_to_string(folder.path().join("hawker-orders-edit.1")).unwrap();
        assert!(page.contains("from then on no message changes its lines"), "{page}");
    }
}
