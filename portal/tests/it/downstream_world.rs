//! Customers with accounts in downstream systems, for stories of passwords that go there too.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use model::{
    id::{ConnectorId, ResetId, ServiceAccountId, TargetId},
    reset::ResetProgress,
};
use portal::{Place, Result, SendLink, SetConnector, SetPassword, StaffPassword};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    connector_settings,
    reset_desk::at_the_desk,
    rules::proven,
    service_accounts::links,
    sql::values,
    stand_in::StandIn,
    world::{Entered, Link, Person, World, secret, until},
};

/// The password that Casey has in each system in the beginning.
pub const BEFORE: &str = "before-acme01";
/// One that staff type.
pub const TYPED: &str = "granite walnut ferry nine";
/// Setting a password, as the systems call it.
pub const SET: &str = "admin/reset-user-password";

/// A Comet server that Northwind has set up, and in which Casey has the account `acme01`.
pub struct System {
    pub server: StandIn,
    pub connector: ConnectorId,
    pub service: ServiceAccountId,
}

/// So many systems.
pub async fn systems<const N: usize>(world: &mut World) -> [System; N] {
    world.restart(connector_settings::here).await;
    world.is_secret(&secret(connector_settings::PASSWORD));
    let olivia = proven(world, "olivia").await;
    let mut systems = Vec::new();
    for number in 1..=N {
        let server = StandIn::start("comet", &["--users", "100"]);
        let request = SetConnector {
            name: format!("Cloud Backup {number}"),
            ..connector_settings::form(server.port)
        };
        let connector = world.portal.set_connector(&olivia.actor, request).await.unwrap();
        let service = links(world, &olivia, "casey", connector, "acme01").await;
        systems.push(System { server, connector, service });
        // Each is linked after the one before.
        world.seconds_pass(1);
    }
    systems.try_into().unwrap_or_else(|_| unreachable!())
}

/// The same, where customers' own choices go there as well.
pub async fn systems_in_step<const N: usize>(world: &mut World) -> [System; N] {
    world.sets_rule("Northwind Backup", "keep_in_step", Some(1), None).await;
    systems(world).await
}

impl System {
    /// Has the stand-in do something.
    pub fn order(&mut self, order: &Value) -> Value {
        let answer = self.server.ask(&order.to_string());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer.get("error"), None, "{order}");
        answer
    }

    /// What happens to the next calls of an endpoint.
    pub fn fault(&mut self, endpoint: &str, kind: &str, times: u32) {
        self.order(
            &json!({"do": "fault", "endpoint": endpoint, "kind": kind, "times": times, "status": 400}),
        );
    }

    /// No more faults; what hangs ends.
    pub fn calm(&mut self) {
        self.order(&json!({"do": "calm"}));
    }

    /// How a user of it is.
    pub fn user(&mut self, name: &str) -> Value {
        self.order(&json!({"do": "user", "name": name}))
    }

    /// How often a password was asked to be set since it was told to forget.
    pub fn sets(&mut self) -> usize {
        let calls = self.order(&json!({"do": "calls"}));
        calls["calls"].as_array().unwrap().iter().filter(|call| call["endpoint"] == SET).count()
    }

    /// Whether a password lets Casey in there.
    pub fn lets_in(&self, password: &str) -> bool {
        let encoded =
            |text: &str| text.bytes().fold(String::new(), |all, b| format!("{all}%{b:02X}"));
        let form = format!("Username=acme01&AuthType=Password&Password={}", encoded(password));
        let mut connection = TcpStream::connect(("127.0.0.1", self.server.port)).unwrap();
        write!(
            connection,
            "POST /api/v1/user/web/session/start HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        match answer.get(9..12) {
            Some("200") => true,
            Some("403") => false,
            _ => panic!("{answer}"),
        }
    }

    /// Of two passwords exactly this one lets Casey in there.
    #[track_caller]
    pub fn has(&self, this: &str, not_that: &str) {
        assert!(self.lets_in(this), "{this} does not let in");
        assert!(!self.lets_in(not_that), "{not_that} lets in");
    }
}

/// Each with a reason of its own: the same one again would be a form that was sent twice.
fn reason() -> String {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    format!("Call {}", CALLS.fetch_add(1, Ordering::Relaxed))
}

/// A typed password that goes to these places.
pub fn typed(customer: &Person, password: &str, places: &str) -> SetPassword {
    SetPassword {
        customer: customer.id,
        password: StaffPassword::Typed { new: secret(password), retype: secret(password) },
        reason: reason(),
        ticket: String::new(),
        places: places.into(),
    }
}

impl World {
    /// Casey.
    pub async fn casey(&self) -> Person {
        self.person("casey").await
    }

    /// Staff type a password for Casey that goes to these places.
    pub async fn types(&self, who: &Entered, password: &str, places: &str) -> Result<ResetId> {
        self.is_secret(&secret(password));
        let request = typed(&self.casey().await, password, places);
        self.portal.set_customer_password(&who.actor, request).await
    }

    /// Staff mail Casey a link whose password goes to these places as well.
    pub async fn sends_link_for(&self, who: &Entered, places: &str) -> Result<Link> {
        self.new_mails().await;
        let request = SendLink {
            customer: self.casey().await.id,
            reason: reason(),
            ticket: String::new(),
            places: places.into(),
        };
        self.portal.send_link(&who.actor, request).await?;
        let mails = self.new_mails().await;
        assert_eq!(mails.len(), 1);
        Ok(self.link_in(&mails[0]))
    }

    /// Olivia, who may do everything.
    pub async fn owner(&self) -> Entered {
        at_the_desk(self, "olivia").await
    }

    /// Casey's last reset.
    pub async fn last_reset(&self) -> ResetId {
        let sql = "SELECT id FROM resets WHERE account_id = $1 ORDER BY sequence DESC LIMIT 1";
        let id: Uuid = self.sql.one(sql, values![self.casey().await.id]).await;
        ResetId(id)
    }

    /// Where the downstream systems of a reset stand, in their order, with the reasons.
    pub async fn places_of(&self, reset: ResetId) -> Vec<String> {
        self.sql
            .column(
                "SELECT state || COALESCE(' ' || reason, '') FROM reset_targets WHERE reset_id = $1 AND kind = 'service_account' ORDER BY position",
                values![reset],
            )
            .await
    }

    /// How far a reset is, as staff see it.
    pub async fn progress(&self, who: &Entered, reset: ResetId) -> ResetProgress {
        self.portal.reset_progress(&who.actor, reset).await.unwrap()
    }

    /// A place of a reset, by its position.
    pub async fn place(&self, reset: ResetId, position: usize) -> Place {
        let ids: Vec<Uuid> = self
            .sql
            .column(
                "SELECT id FROM reset_targets WHERE reset_id = $1 ORDER BY position",
                values![reset],
            )
            .await;
        Place { reset, target: TargetId(ids[position]) }
    }

    /// How many passwords are kept for downstream systems.
    pub async fn kept_passwords(&self) -> i64 {
        self.sql.one("SELECT COUNT(*) FROM resets WHERE sealed_password IS NOT NULL", []).await
    }

    /// How many of Casey's accounts have another password than the portal, or may have.
    pub async fn differing(&self) -> i64 {
        let sql = "SELECT COUNT(*) FROM service_accounts WHERE account_id = $1 AND differs_since IS NOT NULL";
        self.sql.one(sql, values![self.casey().await.id]).await
    }

    /// Time passes, and what is due is done, until no reset is half-way.
    pub async fn comes_to_an_end(&self) {
        for _ in 0..12 {
            self.portal.work_off().await.unwrap();
            if self.work_left().await.2 == 0 {
                return;
            }
            self.clock.advance(Duration::from_secs(31));
        }
        panic!("a reset stays half-way");
    }

    /// Waits until no reset is half-way: somebody is at it.
    pub async fn until_it_ends(&self) {
        until("no reset is half-way", async || self.work_left().await.2 == 0).await;
    }

    /// Of two passwords exactly this one lets Casey in here.
    pub async fn casey_comes_in_with(&self, this: &str, not_that: &str) {
        let casey = self.casey().await;
        assert!(self.lets_in(&casey, this).await, "{this} does not let in");
        assert!(!self.lets_in(&casey, not_that).await, "{not_that} lets in");
    }
}
