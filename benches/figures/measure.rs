//! What is read off: times in order, and the memory of this process.

use std::time::Duration;

use anyhow::Context;

/// How long each of many things took.
#[derive(Clone, Debug)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// These, in any order.
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time that so many of a thousand did not exceed.
    pub(crate) fn within(&self, of_1000: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * of_1000 / 1000).copied().unwrap_or_default()
    }
}

/// As milliseconds.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// So many a second.
pub(crate) fn rate(number: usize, took: Duration) -> f64 {
    number as f64 / took.as_secs_f64()
}

/// The processor time of one of so many.
pub(crate) fn cost(number: usize, worked: Duration) -> String {
    format!("{:.0} µs", worked.as_secs_f64() * 1e6 / number as f64)
}

/// The processor time that this process has used, the system's work for it included.
pub(crate) fn processor_time() -> anyhow::Result<Duration> {
    // Linux counts in hundredths of a second for whoever reads this file, whatever its own clock is.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string("/proc/self/stat").context("processor time can be measured on Linux only")?;
    let (_, fields) = stat.rsplit_once(')').context("no fields in stat")?;
    let ticks = |n: usize| fields.split_whitespace().nth(n).and_then(|field| field.parse::<u32>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).context("no processor time in stat")?;
    Ok(TICK * (user + system))
}

/// The bytes of memory that this process holds.
pub(crate) fn resident() -> anyhow::Result<i64> {
    in_status("VmRSS:")
}

/// The most that it ever held, or held since that was forgotten.
pub(crate) fn most_resident() -> anyhow::Result<i64> {
    in_status("VmHWM:")
}

/// Counts the most it held from here on.
pub(crate) fn forget_most() -> anyhow::Result<()> {
    std::fs::write("/proc/self/clear_refs", "5").context("memory can be measured on Linux only")
}

fn in_status(name: &str) -> anyhow::Result<i64> {
    let status = std::fs::read_to_string("/proc/self/status").context("memory can be measured on Linux only")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("the line is not there")?;
    let kib: i64 = line.trim().trim_end_matches(" kB").parse().context("it is no number")?;
    Ok(kib * 1024)
}
