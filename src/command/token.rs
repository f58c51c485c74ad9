//! `kanta-phr-sandbox token`: what the browser flow would give, for scripts.

use super::client;
use super::healthcheck::default_url;
use anyhow::{Result, bail};
use clap::Args;
use kanta_phr_sandbox::config::ListenOn;
use std::process::ExitCode;

#[derive(Args)]
pub struct Token {
    /// The citizen: an id such as aino, or a personal identity code
    #[arg(long)]
    citizen: String,
    /// The client id
    #[arg(long)]
    client: String,
    /// The scopes, separated by spaces [default: all that the client has registered]
    #[arg(long)]
    scope: Option<String>,
    /// Print one member of the answer by itself: access_token, or sub (the citizen's pseudonym)
    #[arg(long, value_name = "MEMBER")]
    only: Option<String>,
    /// The sandbox's address [default: the one of PHR_HTTP, else http://127.0.0.1:8080]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[arg(long = "http", env = "PHR_HTTP", hide = true)]
    http: Option<ListenOn>,
    /// The token that the sandbox's control API asks for
    #[arg(long, env = "PHR_CONTROL_TOKEN", hide_env_values = true)]
    control_token: Option<String>,
}

impl Token {
    pub fn run(self) -> Result<ExitCode> {
        let url = self.url.unwrap_or_else(|| default_url(self.http));
        let mut body = serde_json::json!({"citizen": self.citizen, "client_id": self.client});
        if let Some(scope) = self.scope {
            body["scope"] = scope.into();
        }
        let control_token = self.control_token.as_deref();
        let (status, answer) =
            client::request(&url, "POST", "/_sandbox/tokens", control_token, Some(&body.to_string()))?;
        if status == 201 {
            let Some(member) = self.only else {
                println!("{answer}");
                return Ok(ExitCode::SUCCESS);
            };
            let answer: serde_json::Value = serde_json::from_str(&answer)?;
            let Some(value) = answer.get(&member) else { bail!("the answer has no member {member}") };
            println!("{}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            return Ok(ExitCode::SUCCESS);
        }
        let problem: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
        eprintln!("{}", problem["detail"].as_str().unwrap_or(&answer));
        Ok(ExitCode::FAILURE)
    }
}
