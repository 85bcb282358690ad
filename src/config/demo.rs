//! The secrets of the sandbox and the demo: printed in the source, so worth nothing. Serving with one is refused.

/// Signs the sandbox's webhooks.
pub const APP_SECRET: &str = "hawker-demo-app-secret-worth-nothing";
/// What the sandbox shows when it verifies the webhook address.
pub const VERIFY_TOKEN: &str = "hawker-demo-verify-token";
/// Opens the demo's API.
pub const OPERATOR_API_KEY: &str = "hawker-demo-operator-key";
/// Seals the demo's tokens.
pub const ENCRYPTION_KEY: &str = "6861776b65722064656d6f206b65792c206b6e6f776e20746f20616c6c210000";

/// Every text above.
pub(super) const ALL: [&str; 4] = [APP_SECRET, VERIFY_TOKEN, OPERATOR_API_KEY, ENCRYPTION_KEY];
