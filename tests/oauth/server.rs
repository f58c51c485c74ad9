//! A server on a free port, a browser that keeps cookies and fills in forms, and an application's token requests.

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response as Answer;
use jiff::SignedDuration;
use kanta_phr_sandbox::authorization::NewClient;
use kanta_phr_sandbox::citizens::{Citizen, PersonalIdentityCode};
use kanta_phr_sandbox::http::context::{App, Front, Origin, authority_of};
use kanta_phr_sandbox::http::listen::{Connection, Listener};
use kanta_phr_sandbox::http::routes::router;
use kanta_phr_sandbox::pki::Authority;
use kanta_phr_sandbox::store::Store;
use kanta_phr_sandbox::tenant::{Beginning, Tenant};
use kanta_phr_sandbox::time::Random;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::oneshot;

pub const CALLBACK: &str = "https://app.example/cb";
pub const PROFESSIONAL: &str = "urn:kanta-phr-sandbox:grant-type:professional";
pub const SCOPE: &str = "offline_access patient/Observation.read patient/Observation.write";

/// A tenant behind a real socket; stops on drop.
pub struct Server {
    pub tenant: Arc<Tenant>,
    pub base: String,
    pub http: Client,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// With the clients `diary` (one redirect URI), `other` and `professional`, and the citizens Aino (adult), Eino
    /// (adult) and Nuori (15 years old).
    pub fn start() -> Server {
        let tenant =
            Tenant::start("main", Store::in_memory(), Arc::new(Random::system()), Beginning::default()).unwrap();
        tenant.clock.freeze(true);
        tenant.clock.set("2026-06-01T12:00:00.250Z".parse().unwrap());
        for (id, kind) in [("diary", "wellbeing"), ("other", "wellbeing"), ("professional", "professional")] {
            let new: NewClient = serde_json::from_value(json!({
                "name": "Weight <diary>", "client_id": id, "client_secret": "s3cret", "kind": kind,
                "redirect_uris": if id == "other" { json!([CALLBACK, "app.diary:/cb"]) } else { json!([CALLBACK]) },
                "scope": format!("openid profile {SCOPE}"),
            }))
            .unwrap();
            tenant.authorization.add_client(new, &tenant.random).unwrap();
        }
        for (id, birth_date) in [
            ("aino", jiff::civil::date(1980, 5, 1)),
            ("eino", jiff::civil::date(1955, 12, 24)),
            ("nuori", jiff::civil::date(2010, 6, 2)),
        ] {
            let code = PersonalIdentityCode::for_birth_date(birth_date, 0).unwrap();
            tenant.citizens.add(Citizen::new(id, code)).unwrap();
        }
        let authority = Authority::create(&[], tenant.clock.now(), &tenant.random).unwrap();
        let app = App::new(tenant, Front::default(), authority);
        let tenant = app.tenant.clone();
        let router = router(app.clone()).layer(middleware::from_fn_with_state(app, arrive));
        let (address, stop) = serve(router);
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Server { tenant, base: format!("http://{address}/phr-authserver-sandbox/"), http, _stop: stop }
    }

    /// Scheme and authority.
    pub fn root(&self) -> &str {
        self.base.split("/phr-").next().unwrap()
    }

    pub fn code_of(&self, citizen: &str) -> String {
        self.tenant.citizens.get(citizen).unwrap().personal_identity_code.to_string()
    }

    pub fn set(&self, name: &str, value: impl Into<Value>) {
        let changes = [(name.to_owned(), value.into())].into_iter().collect();
        self.tenant.update_settings(&changes).unwrap();
    }

    pub fn wait(&self, seconds: i64) {
        self.tenant.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// An authorization request of the client `diary`, with parameters replaced, added, or (when empty) left out.
    pub fn authorize(&self, changes: &[(&str, &str)]) -> String {
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", "diary"),
            ("redirect_uri", CALLBACK),
            ("scope", SCOPE),
            ("state", "xyz"),
        ];
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            if !value.is_empty() {
                parameters.push((*name, *value));
            }
        }
        format!("{}authorize?{}", self.base, form(&parameters))
    }

    pub fn get(&self, url: &str) -> Response {
        self.http.get(url).send().unwrap()
    }

    /// A code for Aino without a browser.
    pub fn code(&self, changes: &[(&str, &str)]) -> String {
        let aino = self.code_of("aino");
        let mut all = vec![("user_id", aino.as_str()), ("sandbox_decision", "approve")];
        all.extend_from_slice(changes);
        parameter(&location(&self.get(&self.authorize(&all))), "code").expect("a code in the redirect")
    }

    /// A token request with id and secret in the form.
    pub fn token(&self, client: &str, parameters: &[(&str, &str)]) -> Response {
        let mut all = vec![("client_id", client), ("client_secret", "s3cret")];
        all.extend_from_slice(parameters);
        self.token_request().body(form(&all)).send().unwrap()
    }

    pub fn token_request(&self) -> RequestBuilder {
        self.http.post(format!("{}token", self.base)).header("content-type", "application/x-www-form-urlencoded")
    }

    pub fn redeem(&self, client: &str, code: &str) -> Response {
        self.token(client, &[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)])
    }

    /// Tokens for Aino without a browser.
    pub fn tokens(&self, scope: &str) -> Value {
        let response = self.redeem("diary", &self.code(&[("scope", scope)]));
        assert_eq!(response.status(), 200);
        response.json().unwrap()
    }

    /// A form to an endpoint, by Basic when there are credentials.
    pub fn post_form(&self, path: &str, basic: Option<(&str, &str)>, parameters: &[(&str, &str)]) -> Response {
        let request = self.http.post(format!("{}{path}", self.base)).form(parameters);
        match basic {
            Some((id, secret)) => request.basic_auth(id, Some(secret)).send().unwrap(),
            None => request.send().unwrap(),
        }
    }

    /// A request with a bearer token, and JSON when there is some.
    pub fn bearer(&self, method: &str, path: &str, token: &str, json: &str) -> Response {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base));
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        if json.is_empty() {
            return request.send().unwrap();
        }
        request.header("content-type", "application/json").body(json.to_owned()).send().unwrap()
    }

    /// Registers a client by self-service.
    pub fn register(&self, json: &str) -> Value {
        let response = self.bearer("POST", "register", "", json);
        assert_eq!(response.status(), 201);
        response.json().unwrap()
    }

    /// Lets the client `professional` read Aino's data.
    pub fn permit_professional(&self) {
        let now = self.tenant.clock.now();
        self.tenant.authorization.permit_professionals("aino", true, now).unwrap();
        self.tenant.authorization.set_care_relationship("aino", "professional", true, now).unwrap();
    }

    /// A professional application's token request.
    pub fn professional(&self, client: &str, more: &[(&str, &str)]) -> Response {
        let mut all = vec![("grant_type", PROFESSIONAL)];
        all.extend_from_slice(more);
        self.token(client, &all)
    }

    pub fn refresh(&self, client: &str, token: &str, more: &[(&str, &str)]) -> Response {
        let mut all = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        all.extend_from_slice(more);
        self.token(client, &all)
    }
}

/// Serves on a thread and runtime of its own, until the sender is dropped.
fn serve(router: axum::Router) -> (std::net::SocketAddr, oneshot::Sender<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let socket = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let socket = tokio::net::TcpListener::from_std(socket).unwrap();
            let until = async { drop(stopped.await) };
            axum::serve(socket, router).with_graceful_shutdown(until).await.unwrap();
        });
    });
    (address, stop)
}

/// What the entrance does for every request, as far as the handlers need it.
async fn arrive(State(app): State<App>, request: Request, next: Next) -> Answer {
    let (mut parts, body) = request.into_parts();
    let connection = Connection::new(Listener::Http, ([127, 0, 0, 1], 1).into(), None);
    let origin = Origin::new(&connection, &app.front, authority_of(&parts).unwrap_or_default());
    parts.extensions.insert(origin);
    next.run(Request::from_parts(parts, body)).await
}

/// A browser with a cookie jar, which follows redirects within the sandbox only.
pub struct Browser<'s> {
    pub server: &'s Server,
    pub cookies: BTreeMap<String, String>,
}

/// What a browser shows, or where it was sent out of the sandbox.
#[derive(Debug)]
pub struct Shown {
    pub url: String,
    pub status: u16,
    pub location: Option<String>,
    pub reason: Option<String>,
    pub html: String,
}

impl<'s> Browser<'s> {
    pub fn new(server: &'s Server) -> Browser<'s> {
        Browser { server, cookies: BTreeMap::new() }
    }

    pub fn open(&mut self, url: &str) -> Shown {
        self.send(self.server.http.get(url), url)
    }

    /// Presses a button of the page's form that has a button or field of this name: sends its hidden fields and `fields`.
    pub fn submit(&mut self, page: &Shown, fields: &[(&str, &str)]) -> Shown {
        let (action, mut all) = page.form_with(fields[0].0);
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.post(&action, &all)
    }

    /// Identifies as [`Browser::submit`] does, and goes on from the page of what is passed on.
    pub fn identify(&mut self, page: &Shown, fields: &[(&str, &str)]) -> Shown {
        let attributes = self.submit(page, fields);
        assert!(attributes.html.contains("value=\"continue\""), "{}", attributes.html);
        self.submit(&attributes, &[("decision", "continue")])
    }

    pub fn post(&mut self, path: &str, fields: &[(String, String)]) -> Shown {
        let authority = self.server.base.split("/phr-").next().unwrap();
        let url = format!("{authority}{path}");
        let request = self.server.http.post(&url).header("origin", authority);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(request.header("content-type", "application/x-www-form-urlencoded").body(body), &url)
    }

    fn send(&mut self, request: RequestBuilder, url: &str) -> Shown {
        let jar: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if jar.is_empty() { request } else { request.header("cookie", jar.join("; ")) };
        let response = request.send().unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let authority = self.server.base.split("/phr-").next().unwrap();
        match response.headers().get("location").map(|value| value.to_str().unwrap().to_owned()) {
            Some(path) if path.starts_with('/') => self.open(&format!("{authority}{path}")),
            location => Shown {
                url: url.to_owned(),
                status: response.status().as_u16(),
                location,
                reason: reason(&response),
                html: response.text().unwrap(),
            },
        }
    }
}

impl Shown {
    /// Action and hidden fields of the form that contains a control of this name.
    pub fn form_with(&self, control: &str) -> (String, Vec<(String, String)>) {
        let form = self
            .html
            .split("<form")
            .skip(1)
            .map(|rest| rest.split("</form>").next().unwrap())
            .find(|form| form.contains(&format!("name=\"{control}\"")))
            .unwrap_or_else(|| panic!("no form with {control} in {}\n{}", self.url, self.html));
        let hidden = form.split("<input type=\"hidden\"").skip(1).map(|input| {
            let input = input.split('>').next().unwrap();
            (attribute(input, "name"), attribute(input, "value"))
        });
        (attribute(form, "action"), hidden.collect())
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let start = tag.find(&format!("{name}=\"")).unwrap_or_else(|| panic!("no {name} in {tag}")) + name.len() + 2;
    let value = tag[start..].split('"').next().unwrap();
    let decoded = value.replace("&#38;", "&").replace("&amp;", "&").replace("&#34;", "\"").replace("&#39;", "'");
    decoded.replace("&#60;", "<").replace("&#62;", ">")
}

pub fn form(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

pub fn location(response: &Response) -> String {
    response.headers().get("location").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

pub fn reason(response: &Response) -> Option<String> {
    Some(response.headers().get("sandbox-reason")?.to_str().unwrap().to_owned())
}

/// A parameter of a redirect.
pub fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// Status, the headers that matter, and the body, as they came over the wire.
pub fn wire(response: Response) -> String {
    const SHOWN: [&str; 14] = [
        "www-authenticate",
        "allow",
        "cache-control",
        "pragma",
        "expires",
        "content-type",
        "content-language",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "x-content-type-options",
        "x-frame-options",
        "x-xss-protection",
        "location",
        "sandbox-reason",
    ];
    let mut text = format!("{}\n", response.status());
    for name in SHOWN {
        if let Some(value) = response.headers().get(name) {
            text += &format!("{name}: {}\n", value.to_str().unwrap());
        }
    }
    text + "\n" + &response.text().unwrap()
}

/// Only status, challenge, reason and body: what differs from error to error.
pub fn error(response: Response) -> String {
    wire(response)
        .lines()
        .filter(|line| {
            line.is_empty()
                || line.starts_with(|first: char| !first.is_ascii_lowercase())
                || line.starts_with("www-")
                || line.starts_with("allow")
                || line.starts_with("sandbox-")
        })
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}
