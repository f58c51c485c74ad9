//! `kanta-phr-sandbox healthcheck`: for a container's HEALTHCHECK, without a shell or curl.

use super::client;
use anyhow::Result;
use clap::Args;
use kanta_phr_sandbox::config::ListenOn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

#[derive(Args)]
pub struct Healthcheck {
    /// The sandbox's address [default: the one of PHR_HTTP, else http://127.0.0.1:8080]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[arg(long = "http", env = "PHR_HTTP", hide = true)]
    http: Option<ListenOn>,
}

impl Healthcheck {
    pub fn run(self) -> Result<ExitCode> {
        let url = self.url.unwrap_or_else(|| default_url(self.http));
        match client::request(&url, "GET", "/_sandbox/health", None, None) {
            Ok((200, _)) => Ok(ExitCode::SUCCESS),
            Ok((status, body)) => {
                eprintln!("{url} is not ready: {status} {body}");
                Ok(ExitCode::FAILURE)
            }
            Err(error) => {
                eprintln!("{error:#}");
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

/// The address a sandbox with this `--http` answers at from the same machine.
pub fn default_url(http: Option<ListenOn>) -> String {
    let address = match http {
        Some(ListenOn::Address(address)) if address.ip().is_unspecified() => {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
        }
        Some(ListenOn::Address(address)) => address,
        _ => SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
    };
    format!("http://{address}")
}
