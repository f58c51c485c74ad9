//! What tests of the running sandbox share: a browser, and the application's side of a redirect.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod citizen;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Which colours are preferred, by Chromium's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Light words on a dark ground.
    Dark = 0,
    /// Dark words on a light ground.
    Light = 1,
}

/// A headless Chromium behind a chromedriver of its own; both end with it.
pub struct Browser {
    pub page: Client,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// `None` when there is no Chromium on this machine, unless `PHR_TEST_BROWSER=required`.
    pub async fn open(width: u32, height: u32) -> Option<Browser> {
        Browser::open_in(width, height, Scheme::Light).await
    }

    /// The same for somebody who prefers this scheme.
    pub async fn open_in(width: u32, height: u32, scheme: Scheme) -> Option<Browser> {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut driver = match started {
            Ok(driver) => driver,
            Err(error) if std::env::var_os("PHR_TEST_BROWSER").is_none() => {
                eprintln!("skipped: no chromedriver on this machine ({error}); install chromium and chromium-driver");
                return None;
            }
            Err(error) => panic!("chromedriver does not start: {error}"),
        };
        let mut lines = BufReader::new(driver.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| {
                line.rsplit_once("on port ")
                    .map(|(_, port)| port.trim_end_matches('.').to_owned())
                    .filter(|_| line.contains("started successfully"))
            })
            .expect("chromedriver says its port");
        // Keep reading, so that the driver never waits for a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().expect("a folder");
        let arguments = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // Smooth scrolling would still be under way when a button is to be pressed.
            "--force-prefers-reduced-motion",
            "--lang=en",
            format!("--blink-settings=preferredColorScheme={}", scheme as u8),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ]);
        let options = json!({"args": arguments, "mobileEmulation": null});
        let capabilities = [("goog:chromeOptions".to_owned(), json!({"args": options["args"]}))].into_iter().collect();
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser session");
        page.set_window_size(width, height).await.expect("a window");
        Some(Browser { page, driver, _profile: profile })
    }

    /// Saves what is seen under `PHR_SCREENSHOTS`, when that names a folder.
    pub async fn screenshot(&self, name: &str) {
        if let Some(folder) = std::env::var_os("PHR_SCREENSHOTS") {
            let picture = self.page.screenshot().await.expect("a picture");
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), picture).expect("written");
        }
    }

    pub async fn close(mut self) {
        let _ = self.page.clone().close().await;
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The application's redirect URI, as a server that answers with a word.
pub struct Callback {
    pub uri: String,
    task: tokio::task::JoinHandle<()>,
}

impl Callback {
    pub async fn listen() -> Callback {
        let router = axum::Router::new().route("/callback", axum::routing::get(|| async { "back at the application" }));
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let uri = format!("http://{}/callback", socket.local_addr().expect("an address"));
        let task = tokio::spawn(async move { axum::serve(socket, router).await.expect("served") });
        Callback { uri, task }
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The parameters of a redirect.
pub fn query(url: &str) -> HashMap<String, String> {
    let query = url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}
