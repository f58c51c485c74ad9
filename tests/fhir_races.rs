//! Writes that run side by side, and writes whose client does not wait for the answer.

mod harness;

use harness::{AINO, Answer, Server, body_of};
use kanta_phr_sandbox::Sandbox;
use serde_json::{Value, json};
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::Barrier;
use std::time::Duration;

fn open(server: &Server, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let request = server.open_request("baseR4", method, path).header("Content-Type", "application/fhir+json");
    let request = if let Some(body) = body { request.body(body.to_string()) } else { request };
    Answer::of(request.send().unwrap())
}

fn transaction(entry: Value) -> Value {
    json!({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
}

#[test]
fn nothing_refers_to_what_is_deleted_at_the_same_time() {
    let server = Server::start();
    let response: Value = serde_json::from_str(&body_of("QuestionnaireResponse", "baseR4", AINO, "answers")).unwrap();
    let plan: Value = serde_json::from_str(&body_of("CarePlan", "baseR4", AINO, "plan")).unwrap();
    for round in 0..150 {
        let stored = open(&server, "POST", "QuestionnaireResponse", Some(&response));
        let target = format!("QuestionnaireResponse/{}", stored.id());
        let mut plan = plan.clone();
        plan["supportingInfo"] = json!([{"reference": target}]);
        let start = Barrier::new(5);
        // Alone and in a transaction, on either side.
        let create = |together: bool| {
            start.wait();
            let entry = json!({"request": {"method": "POST", "url": "CarePlan"}, "resource": plan});
            match together {
                true => open(&server, "POST", "", Some(&transaction(entry))).status,
                false => open(&server, "POST", "CarePlan", Some(&plan)).status,
            }
        };
        let delete = || {
            start.wait();
            // The bodies of the others have to be judged first: the moments of the commits are to meet.
            std::thread::sleep(Duration::from_micros(round % 20 * 40));
            let entry = json!({"request": {"method": "DELETE", "url": target}});
            match round % 2 == 0 {
                true => open(&server, "POST", "", Some(&transaction(entry))).status,
                false => open(&server, "DELETE", &target, None).status,
            }
        };
        let (created, deleted) = std::thread::scope(|scope| {
            let create = &create;
            let creating: Vec<_> = (0..4).map(|number| scope.spawn(move || create(number % 2 == 0))).collect();
            let deleting = scope.spawn(delete);
            let created: Vec<u16> = creating.into_iter().map(|each| each.join().unwrap()).collect();
            (created, deleting.join().unwrap())
        });
        let fits = match deleted {
            200 => created.iter().all(|status| *status == 400),
            409 => {
                created.iter().all(|status| matches!(status, 200 | 201 | 400))
                    && created.iter().any(|status| *status < 300)
            }
            _ => false,
        };
        assert!(fits, "round {round}: created {created:?}, deleted {deleted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_came_whole_is_carried_out_though_its_client_is_gone() {
    let sandbox = Sandbox::start().await.unwrap();
    let http = reqwest::Client::new();
    let ask = json!({"citizen": "aino", "client_id": "kanta-phr-sandbox-demo"});
    let url = format!("{}/_sandbox/tokens", sandbox.http_url());
    let token: Value = http.post(url).body(ask.to_string()).send().await.unwrap().json().await.unwrap();
    let (bearer, patient) = (token["access_token"].as_str().unwrap(), token["sub"].as_str().unwrap());
    // While the server waits, the client goes.
    let rules = json!([{"match": {"method": "POST"}, "fault": {"delay": "PT0.3S"}}]);
    let url = format!("{}/_sandbox/faults", sandbox.http_url());
    assert_eq!(http.put(url).body(rules.to_string()).send().await.unwrap().status(), 200);
    let total = async || {
        let url = format!("{}/Observation?patient={patient}&_summary=count", sandbox.base_r4());
        let answer = http.get(url).bearer_auth(bearer).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["total"].as_u64().unwrap()
    };
    let before = total().await;
    let body = body_of("Observation", "baseR4", patient.parse().unwrap(), "gone");
    let address = sandbox.http_url().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let send = |length: usize| {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "POST /phr-resourceserver/baseR4/Observation HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {bearer}\r\nContent-Type: application/fhir+json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        std::thread::sleep(Duration::from_millis(50));
        stream.shutdown(Shutdown::Both).unwrap();
    };
    for _ in 0..4 {
        send(body.len());
    }
    // This one did not come whole.
    send(body.len() + 1);
    for _ in 0..100 {
        if total().await == before + 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(total().await, before + 4);
}
