//! One run of the history, from an empty database to rest.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actors::ports::Clock;
use anyhow::{Context, bail};
use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::actor_kills::{self, Count};
use super::brief::Brief;
use super::clock::ScaledClock;
use super::deliver::Postman;
use super::end::{End, Who};
use super::history::{self, PHASES, Script};
use super::keeper::{Keeper, Nursery, Tally, Trouble};
use super::look::{self, Reader};
use super::places::Place;
use super::points;
use super::shops::{self, ShopPlan};
use super::{MOST_ROUNDS, ProveArgs};
use crate::config::demo;
use crate::sandbox::{Account, Chaos, Echoes, Retries, Sandbox, SandboxSettings};

/// The service's clock is so many times as fast as the machine's.
pub(super) const FACTOR: i32 = 20;
/// Two seconds in fact, so that a service that is down for a moment still hears all before it answers.
const QUIET: TimeDelta = TimeDelta::seconds(40);
const SETTLE_AFTER: TimeDelta = TimeDelta::seconds(30);
/// How long a phase may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// What to run.
pub(super) struct Setup {
    pub(super) args: ProveArgs,
    pub(super) place: Place,
    pub(super) pace: Pace,
    pub(super) troubles: Vec<Trouble>,
}

/// How many rounds a run takes.
pub(super) enum Pace {
    /// Until all troubles have come to pass; whoever follows is told.
    Lead(watch::Sender<Rounds>),
    /// As many as the other run, which is the rough one.
    Follow(watch::Receiver<Rounds>),
}

/// How far the leading run is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rounds {
    begun: u32,
    is_last: bool,
}

/// How it went.
pub(super) struct Outcome {
    pub(super) end: End,
    /// Those whose messages came too slowly to say what they are to be asked.
    pub(super) loose: BTreeSet<Who>,
    pub(super) wrong: Vec<String>,
    pub(super) tally: Tally,
    messages: usize,
    actors: Count,
    equation: String,
}

struct Run {
    setup: Setup,
    meta: Sandbox,
    clock: ScaledClock,
    shops: Vec<(ShopPlan, Account)>,
    keeper: Keeper,
    scripts: Vec<Script>,
    loose: BTreeSet<Who>,
}

impl Setup {
    fn is_rough(&self) -> bool {
        matches!(self.pace, Pace::Lead(_))
    }

    fn name(&self) -> &'static str {
        if self.is_rough() { "under kills" } else { "undisturbed" }
    }
}

/// Runs the history.
pub(super) async fn run(setup: Setup) -> anyhow::Result<Outcome> {
    let clock = ScaledClock::from_now(FACTOR);
    let is_rough = setup.is_rough();
    let meta = sandbox(setup.args.seed, clock, is_rough).await?;
    let shops: Vec<_> = shops::shops(setup.args.sellers).map(|shop| (shop.clone(), account(&meta, &shop))).collect();
    let nursery = Nursery {
        meta: meta.clone(),
        brief: Brief {
            dir: setup.place.dir.clone(),
            sellers: setup.args.sellers,
            clock,
            point: None,
            actor_kills: if is_rough { setup.args.actor_kills } else { 0 },
            rival: is_rough && setup.args.rival,
            stale: is_rough && setup.args.stale,
            catalog: false,
            seed: setup.args.seed,
        },
        database: setup.place.store(),
        environment: environment(&setup.place, &meta),
    };
    let keeper = Keeper::start(nursery, setup.troubles.clone());
    let run = Run { setup, meta, clock, shops, keeper, scripts: Vec::new(), loose: BTreeSet::new() };
    run.end().await
}

impl Run {
    async fn end(mut self) -> anyhow::Result<Outcome> {
        let mut rounds = 0;
        while self.is_round_wanted(rounds).await? {
            self.round(rounds).await.with_context(|| format!("in round {}", rounds + 1))?;
            rounds += 1;
        }
        // Troubles that are left would be waited for in vain: the last child only has to end well.
        self.until_at_rest("the end").await?;
        let settings = self.setup.place.store();
        let reader = Reader { settings: &settings, meta: &self.meta, shops: &self.shops, scripts: &self.scripts };
        let ended = reader.read().await.context("could not read how it ended")?;
        let mut wrong = ended.wrong;
        let unused = self.keeper.troubles_left();
        if unused > 0 {
            wrong.push(format!("{unused} troubles did not come to pass within {MOST_ROUNDS} rounds"));
        }
        let tally = self.keeper.finish().await?;
        wrong.extend(tally.surprises.iter().cloned());
        self.meta.stop().await;
        println!("{}: {}", self.setup.name(), ended.equation);
        Ok(Outcome {
            end: ended.end,
            loose: self.loose,
            wrong,
            tally,
            messages: self.scripts.iter().map(|script| script.said().len()).sum(),
            actors: actor_kills::count(&self.setup.place.dir),
            equation: ended.equation,
        })
    }

    async fn is_round_wanted(&mut self, done: u32) -> anyhow::Result<bool> {
        let troubles = self.keeper.troubles_left();
        let actors = actor_kills::count(&self.setup.place.dir).all;
        let is_left = troubles > 0 || actors < self.setup.args.actor_kills;
        match &mut self.setup.pace {
            Pace::Lead(lead) => {
                let wanted = done == 0 || (is_left && done < MOST_ROUNDS);
                lead.send_modify(|rounds| (rounds.begun, rounds.is_last) = (done + u32::from(wanted), !wanted));
                Ok(wanted)
            }
            Pace::Follow(follow) => {
                let told = follow.wait_for(|rounds| rounds.begun > done || rounds.is_last).await;
                Ok(told.context("the leading run ended early")?.begun > done)
            }
        }
    }

    async fn round(&mut self, round: u32) -> anyhow::Result<()> {
        let args = &self.setup.args;
        let scripts = history::round(args.seed, round, args.sellers, args.customers);
        let accounts: Vec<Account> = self.shops.iter().map(|(_, account)| account.clone()).collect();
        let begun = Instant::now();
        for phase in 0..PHASES {
            let rough = self.setup.is_rough().then_some(args.seed ^ (u64::from(round) << 8));
            let quiet = self.clock.really(QUIET);
            let postman = Postman { meta: &self.meta, accounts: &accounts, clock: self.clock, rough, quiet };
            let slow = postman.phase(&scripts, phase).await?;
            self.loose.extend(slow.into_iter().map(|place| (scripts[place].shop, scripts[place].name.clone())));
            self.until_at_rest(&format!("phase {}", phase + 1)).await?;
        }
        let messages: usize = scripts.iter().map(|script| script.said().len()).sum();
        let (who, seconds) = (self.setup.name(), begun.elapsed().as_secs_f32());
        println!(
            "{who}: round {}, {messages} messages of {} customers in {seconds:.1} s{}",
            round + 1,
            scripts.len(),
            self.told()
        );
        self.scripts.extend(scripts);
        Ok(())
    }

    fn told(&self) -> String {
        if !self.setup.is_rough() {
            return String::new();
        }
        let Count { all, in_hand } = actor_kills::count(&self.setup.place.dir);
        let left = self.keeper.troubles_left();
        format!("; so far {all} actors killed, {in_hand} with an event in hand; {left} deaths of the process to come")
    }

    async fn until_at_rest(&self, what: &str) -> anyhow::Result<()> {
        let (settings, until) = (self.setup.place.store(), Instant::now() + PATIENCE);
        loop {
            self.keeper.check()?;
            let open = match look::still_open(&settings, &self.meta).await {
                Ok(open) if open.is_empty() => return Ok(()),
                Ok(open) => open.join("; "),
                Err(error) => format!("the database cannot be looked at: {error}"),
            };
            if Instant::now() > until {
                bail!("{what} did not come to rest within {PATIENCE:?} (it is {}): {open}", self.clock.now());
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

impl Outcome {
    /// What the run went through.
    pub(super) fn summary(&self) -> String {
        let (tally, actors) = (&self.tally, self.actors);
        format!(
            "{} messages of {} customers; killed from outside {} times, died at fail points {} times, ended in order \
             {} times, started {} times; {} actors killed, {} of them with an event in hand; {} customers compared without their questions, as their \
             messages came far apart\n{}",
            self.messages,
            self.end.len(),
            tally.kills,
            points::count(&tally.points),
            tally.clean_ends + 1,
            tally.starts,
            actors.all,
            actors.in_hand,
            self.loose.len(),
            self.equation
        )
    }
}

/// The shop's account at Meta's stand-in.
pub(super) fn account(meta: &Sandbox, shop: &ShopPlan) -> Account {
    meta.add_account(&shop.ig_user_id(), &shop.username(), &shop.page_id(), &shop.token())
}

/// Meta's stand-in.
pub(super) async fn sandbox(seed: u64, clock: ScaledClock, is_rough: bool) -> anyhow::Result<Sandbox> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no port is free")?;
    let now_ms = Arc::new(move || clock.now().timestamp_millis());
    let (gap, longest) = (Duration::from_millis(20), Duration::from_millis(200));
    let settings = SandboxSettings {
        seed,
        echoes: if is_rough { Echoes::Within(Duration::from_millis(300)) } else { Echoes::After(Duration::ZERO) },
        retries: Retries { tries: 10_000, first_gap: gap, longest_gap: longest },
        ..SandboxSettings::new(demo::APP_SECRET, demo::VERIFY_TOKEN, now_ms)
    };
    let meta = Sandbox::start(settings, listener).context("could not start the stand-in for Meta")?;
    if is_rough {
        meta.start_chaos(chaos(seed));
    }
    Ok(meta)
}

fn chaos(seed: u64) -> Chaos {
    Chaos {
        seed,
        refused: 0.08,
        lost: 0.06,
        unanswered: 0.06,
        done_but_500: 0.05,
        hanging: 0.0,
        slow: 0.3,
        slowest: Duration::from_millis(150),
        echo_first: 0.2,
        echo_twice: 0.1,
        no_echo: 0.05,
        failing_reads: 0.05,
    }
}

/// The child's whole environment: the defaults, with the waits in the child's time, and budgets that never end.
pub(super) fn environment(place: &Place, meta: &Sandbox) -> Vec<(String, String)> {
    let settings = [
        ("DATABASE__URL", place.database.as_str()),
        ("META__INSTAGRAM_APP_SECRET", demo::APP_SECRET),
        ("META__VERIFY_TOKEN", demo::VERIFY_TOKEN),
        ("META__GRAPH_BASE_URL", &meta.url()),
        ("SECRETS__ENCRYPTION_KEY", demo::ENCRYPTION_KEY),
        ("SECRETS__OPERATOR_API_KEY", demo::OPERATOR_API_KEY),
        ("ACTORS__REPLY_QUIET", &format!("{}s", QUIET.num_seconds())),
        ("ACTORS__SETTLE_UNKNOWN_AFTER", &format!("{}s", SETTLE_AFTER.num_seconds())),
        ("ACTORS__REPLY_MAX_AGE", "12h"),
        ("ACTORS__IDLE_UNLOAD", "1s"),
        ("BUDGETS__MESSAGES_PER_HOUR", "1000000"),
        ("BUDGETS__GRAPH_PER_HOUR", "1000000"),
        ("LOG__FILTER", "warn"),
    ];
    settings.map(|(name, value)| (format!("HAWKER__{name}"), value.to_owned())).into()
}
