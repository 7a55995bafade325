//! What clients do all day.

use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::door::{Broken, Client, Door};

/// A sandbox, and what its variable `x` must be.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    id: String,
    token: String,
    x: u64,
    /// A snapshot of it, and its `x`.
    saved: Option<(String, u64)>,
    paused: bool,
}

/// One client, with sandboxes of its own.
#[derive(Debug)]
pub(crate) struct Worker {
    client: Client,
    seats: Vec<Seat>,
    wanted: usize,
    kept: Vec<Seat>,
    chance: u64,
    steps: u64,
}

impl Seat {
    fn new(client: &Client) -> Result<Self, Broken> {
        let (id, token) = client.make("base")?;
        let mut seat = Self {
            id,
            token,
            x: 0,
            saved: None,
            paused: false,
        };
        // What it is to hold it holds from the start, or growing would be no sign.
        seat.sees(client, "x = 0; x")?;
        seat.files(client, 0)?;
        Ok(seat)
    }

    fn execute(&self, client: &Client, code: &str) -> Result<String, Broken> {
        let body = json!({"code": code}).to_string();
        let token = [("X-Access-Token", &*self.token)];
        let (status, body) = client.ask("POST", "/execute", &token, body.as_bytes())?;
        let text = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(status, 200, "{text}");
        Ok(text)
    }

    /// Runs code whose last value is `x`.
    fn sees(&mut self, client: &Client, code: &str) -> Result<(), Broken> {
        let told = self.execute(client, code)?;
        let lines = told.lines().map(serde_json::from_str::<Value>);
        let result = lines.flatten().find(|line| line["type"] == "result");
        let text = result.map(|line| line["text"].clone());
        assert_eq!(text, Some(json!(self.x.to_string())), "{code}: {told}");
        Ok(())
    }

    fn counts(&mut self, client: &Client) -> Result<(), Broken> {
        self.x += 1;
        self.sees(client, "x += 1; x")
    }

    /// Writes a file and reads it back.
    fn files(&self, client: &Client, byte: u8) -> Result<(), Broken> {
        let contents = vec![byte; 20_000];
        let headers = [
            ("X-Access-Token", &*self.token),
            ("Content-Type", "application/octet-stream"),
        ];
        let path = "/files?path=/tmp/file";
        let (status, _) = client.ask("POST", path, &headers, &contents)?;
        assert_eq!(status, 200);
        let (status, body) = client.ask("GET", path, &headers[..1], b"")?;
        assert!(status == 200 && body == contents, "{status}");
        Ok(())
    }

    fn command(&self, client: &Client) -> Result<(), Broken> {
        let order = json!({"process": {"cmd": "/bin/bash", "args": ["-c", "echo hello | cat"]}});
        let order = order.to_string();
        let mut body = vec![0];
        body.extend(u32::try_from(order.len()).unwrap().to_be_bytes());
        body.extend(order.as_bytes());
        let headers = [
            ("X-Access-Token", &*self.token),
            ("Content-Type", "application/connect+json"),
        ];
        let (status, body) = client.ask("POST", "/process.Process/Start", &headers, &body)?;
        let told = String::from_utf8_lossy(&body);
        let hello = STANDARD.encode("hello\n");
        assert!(status == 200 && told.contains(&hello), "{status} {told}");
        Ok(())
    }

    /// Goes away in the middle of a cell without end, which ends it.
    ///
    /// On a machine that is busy enough such a cell may not hear in time that it is to
    /// end, and is stopped by force: its sandbox goes back to where it was saved last.
    fn leaves(&mut self, client: &Client) -> Result<(), Broken> {
        self.pause(client)?;
        self.goes_on(client)?;
        let body = json!({"code": "print(1, flush=True)\nwhile True: pass"}).to_string();
        let token = [("X-Access-Token", &*self.token)];
        let mut stream = client.send("POST", "/execute", &token, body.as_bytes())?;
        let mut seen = Vec::new();
        let mut piece = [0; 1024];
        while !String::from_utf8_lossy(&seen).contains("stdout") {
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => return Err(Broken),
                Ok(read) => seen.extend(piece.iter().take(read)),
            }
        }
        drop(stream);
        self.sees(client, "x")
    }

    fn pause(&mut self, client: &Client) -> Result<(), Broken> {
        let (status, told) = client.order(&format!("/sandboxes/{}/pause", self.id), &json!({}))?;
        assert_eq!(status, 204, "{told}");
        self.paused = true;
        Ok(())
    }

    fn goes_on(&mut self, client: &Client) -> Result<(), Broken> {
        let order = json!({"timeout": 86_400});
        let (status, told) = client.order(&format!("/sandboxes/{}/connect", self.id), &order)?;
        assert_eq!(status, 201, "{told}");
        self.paused = false;
        self.sees(client, "x")
    }

    fn save(&mut self, client: &Client) -> Result<(), Broken> {
        let path = format!("/sandboxes/{}/snapshots", self.id);
        let (status, told) = client.order(&path, &json!({}))?;
        assert_eq!(status, 201, "{told}");
        let id = told["snapshotID"].as_str().unwrap().to_owned();
        self.saved = Some((id, self.x));
        Ok(())
    }

    /// Makes a copy of what was saved, and removes both.
    fn unsave(&mut self, client: &Client) -> Result<(), Broken> {
        let Some((id, x)) = self.saved.take() else {
            return Ok(());
        };
        let (copy, token) = client.make(&id)?;
        let mut copy = Self {
            id: copy,
            token,
            x,
            saved: None,
            paused: false,
        };
        copy.sees(client, "x")?;
        client.end(&copy.id)?;
        client.forget(&id)
    }

    /// What was acknowledged before its server was killed is there.
    pub(crate) fn check_kept(mut self, door: &Door) {
        let client = door.client();
        self.unsave(&client).expect("an answer");
        if self.paused {
            self.goes_on(&client).expect("an answer");
        }
    }
}

impl Worker {
    /// Clients that have so many sandboxes together.
    pub(crate) fn crew(door: &Door, clients: usize, sandboxes: usize) -> Vec<Self> {
        let worker = |number: usize| Self {
            client: door.client(),
            seats: Vec::new(),
            wanted: sandboxes / clients,
            kept: Vec::new(),
            chance: 0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1),
            steps: 0,
        };
        (0..clients).map(worker).collect()
    }

    pub(crate) fn seats(&self) -> usize {
        self.seats.len()
    }

    /// Steps since the last time that somebody asked.
    pub(crate) fn take_steps(&mut self) -> u64 {
        std::mem::take(&mut self.steps)
    }

    /// Makes all its sandboxes.
    pub(crate) fn fill(&mut self) {
        while self.seats.len() < self.wanted {
            self.seats.push(Seat::new(&self.client).expect("a sandbox"));
        }
    }

    /// Pauses one in `every` sandboxes and saves as many, and leaves them alone.
    pub(crate) fn promise(&mut self, every: usize) {
        for _ in 0..(self.seats.len() / every).max(1) {
            let mut paused = self.seats.pop().expect("a sandbox");
            paused.counts(&self.client).expect("an answer");
            paused.pause(&self.client).expect("an answer");
            let mut saved = self.seats.pop().expect("a sandbox");
            saved.counts(&self.client).expect("an answer");
            saved.save(&self.client).expect("an answer");
            self.kept.extend([paused, saved]);
        }
    }

    /// What was promised.
    pub(crate) fn into_kept(self) -> Vec<Seat> {
        self.kept
    }

    fn below(&mut self, limit: usize) -> usize {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        usize::try_from(self.chance >> 16).unwrap() % limit
    }

    /// Does one thing with one of its sandboxes.
    pub(crate) fn step(&mut self) {
        self.try_step().expect("an answer");
    }

    /// As [`Self::step`]; nothing more can be done once the server is `gone`.
    pub(crate) fn step_or_stop(&mut self, gone: &AtomicBool) {
        if self.try_step().is_err() {
            assert!(gone.load(Ordering::SeqCst), "the server broke a connection");
        }
    }

    fn try_step(&mut self) -> Result<(), Broken> {
        let (at, what) = (self.below(self.seats.len()), self.below(20));
        let client = self.client.clone();
        let seat = self.seats.get_mut(at).expect("a sandbox");
        match what {
            0..=8 => seat.counts(&client)?,
            9..=11 => seat.files(&client, u8::try_from(what).unwrap())?,
            12..=13 => seat.command(&client)?,
            14 => seat.leaves(&client)?,
            15..=16 => {
                seat.pause(&client)?;
                seat.goes_on(&client)?;
            }
            17 => {
                seat.save(&client)?;
                seat.unsave(&client)?;
            }
            _ => {
                client.end(&seat.id)?;
                *seat = Seat::new(&client)?;
            }
        }
        self.steps += 1;
        Ok(())
    }

    /// Ends all its sandboxes.
    pub(crate) fn clear(&mut self) {
        for seat in self.seats.drain(..) {
            self.client.end(&seat.id).expect("ended");
        }
    }
}
