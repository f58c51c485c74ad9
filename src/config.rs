//! The configuration of the command line: flags, then environment, then one TOML file, parsed once into [`Options`].

use crate::sandbox::{Options, PublicUrl};
use crate::seed::{Seed, SeedError};
use crate::settings::{Preset, SettingError};
use clap::Args;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What `serve` takes. Each flag has an environment variable and, under the same name, a key in the TOML file;
/// a flag wins over the environment, the environment over the file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ServeConfig {
    /// TOML file with these settings, and with clients and citizens of your own
    #[arg(long, env = "PHR_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Address of the authorization server, the authorized resource servers, the console and the control API [default: 127.0.0.1:8080]
    #[arg(long, env = "PHR_HTTP", value_name = "ADDRESS|PORT|off")]
    pub http: Option<ListenOn>,

    /// Address of the open endpoint: resource servers that ask for no token [default: 127.0.0.1:8081; with --http 0 a free port]
    #[arg(long, env = "PHR_OPEN_HTTP", value_name = "ADDRESS|PORT|off")]
    pub open_http: Option<ListenOn>,

    /// Address of the TLS listener, which reads client certificates [default: 127.0.0.1:8443; with --http 0 a free port]
    #[arg(long, env = "PHR_HTTPS", value_name = "ADDRESS|PORT|off")]
    pub https: Option<ListenOn>,

    /// Base URL under which browsers reach --http, when it differs from the back end's
    #[arg(long, env = "PHR_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// Base URL under which browsers reach --https
    #[arg(long, env = "PHR_HTTPS_PUBLIC_URL", value_name = "URL")]
    pub https_public_url: Option<PublicUrl>,

    /// A further host name to answer to (repeatable)
    #[arg(long = "allow-host", env = "PHR_ALLOW_HOST", value_name = "NAME", value_delimiter = ',')]
    #[serde(rename = "allow-host")]
    pub allow_hosts: Vec<String>,

    /// Folder that keeps all state and the certificates; without it everything lives in memory
    #[arg(long, env = "PHR_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Folder of the certificate authority [default: pki in the data folder]
    #[arg(long, env = "PHR_PKI_DIR", value_name = "DIR")]
    pub pki_dir: Option<PathBuf>,

    /// Folder with more seed data (citizens, clients, records); where ids are the same, its files stand
    #[arg(long, env = "PHR_SEED_DATA", value_name = "DIR")]
    pub seed_data: Option<PathBuf>,

    /// Folder, .tgz package or JSON file with draft profiles beside the national ones (repeatable)
    #[arg(long, env = "PHR_PROFILES", value_name = "DIR|PACKAGE.tgz", value_delimiter = ',')]
    pub profiles: Vec<PathBuf>,

    /// Bearer token that the control API asks for
    #[arg(long, env = "PHR_CONTROL_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub control_token: Option<String>,

    /// A named set of knobs: one plausible Kanta, such as sandbox-2019 or strict-rfc (GET /_sandbox/settings/presets lists them)
    #[arg(long, env = "PHR_KANTA", value_name = "NAME")]
    pub kanta: Option<String>,

    /// A knob of the emulation (repeatable), as in code.ttl_seconds=5
    #[arg(long = "set", env = "PHR_SET", value_name = "NAME=VALUE", value_delimiter = ',')]
    #[serde(skip)]
    pub set: Vec<String>,

    /// Number that makes pseudonyms, codes and ids repeat from run to run, as far as the same requests come in the same order
    #[arg(long, env = "PHR_RANDOM_SEED", value_name = "NUMBER")]
    pub random_seed: Option<u64>,

    /// File that receives the addresses as JSON once the sandbox is ready
    #[arg(long, env = "PHR_READY_FILE", value_name = "FILE")]
    pub ready_file: Option<PathBuf>,

    /// How to log: text for people, json for machines [default: text]
    #[arg(long, env = "PHR_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,

    /// What to log, as tracing filter directives [default: warn]
    #[arg(long, env = "PHR_LOG", value_name = "FILTER")]
    pub log: Option<String>,

    /// `[fidelity]`: knobs of the emulation by their names.
    #[arg(skip)]
    pub fidelity: toml::Table,

    /// `[[clients]]`: OAuth clients to have from the start.
    #[arg(skip)]
    pub clients: Vec<serde_json::Value>,

    /// `[[citizens]]`: citizens to have from the start.
    #[arg(skip)]
    pub citizens: Vec<serde_json::Value>,
}

/// Where a listener listens: an address, a port on loopback, or nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenOn {
    /// `127.0.0.1:8080`, `[::1]:0`
    Address(SocketAddr),
    /// `off`
    Off,
}

impl FromStr for ListenOn {
    type Err = String;

    fn from_str(text: &str) -> Result<ListenOn, String> {
        if text.eq_ignore_ascii_case("off") {
            return Ok(ListenOn::Off);
        }
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let from_port = || text.parse().ok().map(|port: u16| SocketAddr::new(loopback, port));
        text.parse().ok().or_else(from_port).map(ListenOn::Address).ok_or_else(|| {
            format!("{text:?} is no address to listen on: give an IP address and port (127.0.0.1:8080, 0.0.0.0:8080), a port, or off")
        })
    }
}

impl<'de> Deserialize<'de> for ListenOn {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<ListenOn, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line a person reads.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The TOML file cannot be read.
    #[error("cannot read the configuration file {path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        error: std::io::Error,
    },
    /// The TOML file is not what it should be; the text shows line and column.
    #[error("the configuration file {path} is not usable: {error}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: Box<toml::de::Error>,
    },
    /// A client or a citizen of the TOML file.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// `--kanta` names no preset.
    #[error("--kanta: {0}")]
    Preset(#[from] SettingError),
    /// A knob given as `--set` has no value.
    #[error("--set {0}: write a knob as NAME=VALUE, for example code.ttl_seconds=5")]
    Knob(String),
}

impl ServeConfig {
    /// These flags (with the environment already in them), completed from the TOML file they name.
    ///
    /// # Errors
    /// When the file cannot be read or holds something unknown.
    pub fn with_file(self) -> Result<ServeConfig, ConfigError> {
        match &self.config {
            Some(path) => {
                let file = read(path)?;
                Ok(self.over(file))
            }
            None => Ok(self),
        }
    }

    fn over(self, file: ServeConfig) -> ServeConfig {
        let longer = |own: Vec<String>, file: Vec<String>| if own.is_empty() { file } else { own };
        ServeConfig {
            config: self.config,
            http: self.http.or(file.http),
            open_http: self.open_http.or(file.open_http),
            https: self.https.or(file.https),
            public_url: self.public_url.or(file.public_url),
            https_public_url: self.https_public_url.or(file.https_public_url),
            allow_hosts: longer(self.allow_hosts, file.allow_hosts),
            data_dir: self.data_dir.or(file.data_dir),
            pki_dir: self.pki_dir.or(file.pki_dir),
            seed_data: self.seed_data.or(file.seed_data),
            profiles: if self.profiles.is_empty() { file.profiles } else { self.profiles },
            control_token: self.control_token.or(file.control_token),
            kanta: self.kanta.or(file.kanta),
            set: self.set,
            random_seed: self.random_seed.or(file.random_seed),
            ready_file: self.ready_file.or(file.ready_file),
            log_format: self.log_format.or(file.log_format),
            log: self.log.or(file.log),
            fidelity: file.fidelity,
            clients: file.clients,
            citizens: file.citizens,
        }
    }

    /// The options of the sandbox itself.
    ///
    /// # Errors
    /// When `--kanta` names nothing, or a `--set` has no `=`.
    pub fn options(&self) -> Result<Options, ConfigError> {
        let mut options = Options::default();
        // With --http 0 several sandboxes are to run side by side: the other listeners take free ports, too.
        let takes_free = matches!(self.http, Some(ListenOn::Address(address)) if address.port() == 0);
        let address = |given: Option<ListenOn>, port: u16| match given {
            Some(ListenOn::Off) => None,
            Some(ListenOn::Address(address)) => Some(address),
            None => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, if takes_free { 0 } else { port }))),
        };
        options.http = address(self.http, 8080);
        options.open_http = address(self.open_http, 8081);
        options.https = address(self.https, 8443);
        options.public_url = self.public_url.clone();
        options.https_public_url = self.https_public_url.clone();
        options.allow_hosts = self.allow_hosts.clone();
        options.data_dir = self.data_dir.clone();
        options.pki_dir = self.pki_dir.clone().or_else(|| self.data_dir.as_ref().map(|dir| dir.join("pki")));
        options.seed_data = self.seed_data.clone();
        options.profiles = self.profiles.clone();
        options.control_token = self.control_token.clone();
        options.random_seed = self.random_seed;
        if !self.clients.is_empty() || !self.citizens.is_empty() {
            let file =
                self.config.as_ref().map_or_else(|| "the configuration".to_owned(), |path| path.display().to_string());
            options.seed_additions = Some(Seed::of_values(&file, &self.citizens, &self.clients)?);
        }
        if let Some(name) = &self.kanta {
            options.settings = Preset::named(name)?.settings();
        }
        options.settings.extend(flatten(&self.fidelity));
        for knob in &self.set {
            let (name, value) = knob.split_once('=').ok_or_else(|| ConfigError::Knob(knob.clone()))?;
            // `5`, `true` and `"text"` read as JSON; everything else is a word.
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            options.settings.insert(name.trim().to_owned(), value);
        }
        Ok(options)
    }
}

fn read(path: &Path) -> Result<ServeConfig, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
    toml::from_str(&text).map_err(|error| ConfigError::Invalid { path: path.to_owned(), error: Box::new(error) })
}

/// `code.ttl_seconds = 5`, `"code.ttl_seconds" = 5` and a table `[fidelity.code]` say the same.
fn flatten(table: &toml::Table) -> Vec<(String, serde_json::Value)> {
    let mut knobs = Vec::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(inner) => {
                knobs.extend(flatten(inner).into_iter().map(|(rest, value)| (format!("{name}.{rest}"), value)));
            }
            // Every TOML value that is no table has a JSON form.
            other => knobs.push((name.clone(), serde_json::to_value(other).unwrap_or_default())),
        }
    }
    knobs
}
