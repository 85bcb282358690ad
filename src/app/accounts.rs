//! Wires what has to do with accounts at Meta: signing in, connecting, and looking whether they work.

use std::sync::Arc;

use actors::sellers::Sellers;
use anyhow::Context;

use crate::config::Config;
use crate::connect::{Connect, ConnectParts, ConnectSettings};
use crate::doctor::webhook_test::Own;
use crate::doctor::{Doctor, DoctorParts};
use crate::door::SecretsSeen;
use crate::graph::{AppAtMeta, Login, LoginAddresses, LoginSettings, Proofs, Proves};
use crate::vault::Secret;

/// Who connects accounts, and who looks whether they work.
pub(super) fn care(
    config: &Config,
    parts: ConnectParts,
    (sellers, seen): (&Sellers, &Arc<SecretsSeen>),
) -> (Connect, Doctor) {
    let ConnectParts { store, office, login, tokens, clock, .. } = &parts;
    let (store, office, login) = (store.clone(), office.clone(), login.clone());
    let (tokens, clock) = (tokens.clone(), clock.clone());
    let connect = Connect::new(parts, connect_settings(config));
    let doctor = Doctor::new(DoctorParts {
        store,
        office,
        sellers: sellers.clone(),
        login,
        tokens,
        connect: connect.clone(),
        clock,
        seen: seen.clone(),
        own: Own::of(config),
        every: config.doctor.every,
    });
    (connect, doctor)
}

/// What calls prove with that they know the app's secret.
pub(super) fn proofs(config: &Config) -> Proofs {
    let meta = &config.meta;
    let graph = meta.meta_app_secret.clone().filter(|_| meta.appsecret_proof);
    let whatsapp = meta.whatsapp_app_secret.clone().filter(|_| meta.appsecret_proof).or_else(|| graph.clone());
    let instagram = meta.instagram_app_secret.clone().filter(|_| meta.instagram_appsecret_proof);
    Proofs { graph, whatsapp, instagram }
}

/// Who signs in at Meta.
pub(super) fn login(config: &Config) -> anyhow::Result<Login> {
    let (meta, connect) = (&config.meta, &config.connect);
    let app = |id: &Option<String>, secret: &Option<Secret>| {
        id.clone().zip(secret.clone()).map(|(id, secret)| AppAtMeta { id, secret })
    };
    let addresses = LoginAddresses {
        graph: meta.graph_base_url.clone(),
        instagram: meta.instagram_url(),
        facebook_page: meta.own_url(connect.facebook_url.as_ref(), "https://www.facebook.com"),
        instagram_page: meta.own_url(connect.instagram_url.as_ref(), "https://www.instagram.com"),
        instagram_codes: meta.own_url(connect.instagram_codes_url.as_ref(), "https://api.instagram.com"),
    };
    let settings = LoginSettings {
        addresses,
        version: meta.graph_version.clone(),
        facebook: app(&meta.meta_app_id, &meta.meta_app_secret),
        instagram: app(&meta.instagram_app_id, &meta.instagram_app_secret),
        config_id: connect.config_id.clone(),
        proves: Proves { graph: meta.appsecret_proof, instagram: meta.instagram_appsecret_proof },
    };
    Login::new(settings).context("no client for signing in at Meta")
}

fn connect_settings(config: &Config) -> ConnectSettings {
    let connect = &config.connect;
    ConnectSettings {
        public_url: config.server.public_url.clone(),
        result_url: connect.result_url.clone(),
        page_fields: connect.page_fields.clone(),
        instagram_fields: connect.instagram_fields.clone(),
        app_fields: connect.app_fields.clone(),
        verify_token: config.meta.verify_token.clone(),
    }
}
