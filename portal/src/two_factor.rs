//! One's own second factors: setting an authenticator app up, replacing it, removing one of several,
//! turning all off, recovery codes, and the devices on which none is asked for.
//!
//! What is new never takes the place of what works before it is proven: a new secret waits for its
//! first code, new recovery codes for their owner's word that they are saved.

use anyhow::Context;
use model::{
    Refusal,
    audit::AuditKind,
    factor::{AppView, FactorKind, PasskeyView, RememberedDevice, SetupView, TwoFactorView},
    id::{AccountId, DeviceId, FactorId},
    policy::{FACTOR_SETUP_LIFE, RECOVERY_CODES},
    refusal::Problem,
    text::Name,
};
use qrcode::{EcLevel, QrCode, render::svg};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    Actor, Error, Portal, Result,
    audit::occasion,
    codes::{Seed, Typed, new_recovery_code, recovery_hash},
    device,
    mail::{FactorChange, Occasion},
    problems::Problems,
    secrets::Secret,
    sessions::factor_due,
    store::{Account, FactorRow, LinkOf, Tx},
};

/// New recovery codes, as they are sealed.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct FreshCodes(Vec<String>);

/// The form that proves a new secret.
#[derive(Debug, Clone)]
pub struct ConfirmApp {
    /// What to call the device.
    pub name: String,
    /// The code that it shows.
    pub code: Secret,
}

/// How a factor goes that is turned off.
pub(crate) const TURNED_OFF: (FactorChange, LinkOf) = (FactorChange::Removed, LinkOf::Account);

pub(crate) fn codes_purpose(account: AccountId) -> String {
    format!("recovery:{account}")
}

impl Portal {
    /// What the page of two-factor authentication shows. Secrets are on it only after a fresh proof.
    pub async fn two_factor(&self, actor: &Actor) -> Result<TwoFactorView> {
        let now = self.now();
        let mut tx = self.db().read().await?;
        let account = tx.account(actor.account).await?.ok_or(Refusal::NotFound)?;
        let stepped_up = self.counts(tx.step_up(actor.session).await?);
        let (mut setup, mut fresh_codes) = (None, Vec::new());
        if stepped_up {
            if let Some((sealed, expires_at)) = tx.factor_setup(account.id, now).await? {
                let seed = Seed::open(self.keys(), account.id, &sealed)?;
                let site = tx.site(account.site_id).await?.ok_or(Refusal::NotFound)?;
                let totp = seed.totp(site.name.as_str(), account.email.as_str())?;
                let link = totp.to_url().map_err(|error| anyhow::anyhow!("a link: {error}"))?;
                setup = Some(SetupView {
                    qr: qr(&link)?,
                    secret: totp.secret().to_base32(),
                    link,
                    expires_at,
                });
            }
            if let Some(sealed) = tx.fresh_codes(account.id).await? {
                let fresh: FreshCodes = self.keys().open(&codes_purpose(account.id), &sealed)?;
                fresh_codes.clone_from(&fresh.0);
            }
        }
        let (mut app, mut passkeys) = (None, Vec::new());
        for row in tx.factors(account.id).await? {
            let FactorRow { id, name, created_at: added_at, last_used_at, copied_at, .. } = row;
            match row.kind {
                FactorKind::Totp => app = Some(AppView { id, name, added_at, last_used_at }),
                FactorKind::Passkey => {
                    let host = row.host.unwrap_or_default();
                    let view = PasskeyView { id, name, host, added_at, last_used_at, copied_at };
                    passkeys.push(view);
                }
            }
        }
        let door = tx.passkey_door(account.site_id, &actor.visit).await?;
        let codes_left = tx.recovery_codes_left(account.id).await?;
        let required = self.needs_factor(&mut tx, &account).await?;
        Ok(TwoFactorView {
            required,
            app,
            passkeys,
            door,
            setup,
            fresh_codes,
            codes_left: u32::try_from(codes_left).unwrap_or_default(),
            stepped_up,
            sign_in_name: account.email,
        })
    }

    /// Makes a new secret for an authenticator app. The one in use works until the new one is
    /// proven.
    pub async fn begin_app(&self, actor: &Actor) -> Result<()> {
        let mut tx = self.db().write().await?;
        let account = self.hold_own(&mut tx, actor).await?;
        let sealed = Seed::new(self.random()).seal(self.keys(), account.id)?;
        tx.set_factor_setup(account.id, &sealed, self.now().plus(FACTOR_SETUP_LIFE)).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets a new secret that was not proven.
    pub async fn cancel_app(&self, actor: &Actor) -> Result<()> {
        let mut tx = self.db().write().await?;
        let account = self.hold_own(&mut tx, actor).await?;
        tx.end_factor_setup(account.id).await?;
        Ok(tx.commit().await?)
    }

    /// Proves a new secret with its first code, which does not sign in as well. From then on a code
    /// is asked for; those of a secret before are worth nothing.
    pub async fn confirm_app(&self, actor: &Actor, request: ConfirmApp) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let account = self.hold_own(&mut tx, actor).await?;
        let had_one = tx.has_factor(account.id).await?;
        let old = tx.app(account.id).await?;
        let Some((sealed, _)) = tx.factor_setup(account.id, now).await? else {
            return Err(self.setup_is_gone(&account, old.as_ref(), &request.code)?);
        };
        let mut problems = Problems::default();
        let name = problems.check("name", Name::parse(&request.name));
        let seed = Seed::open(self.keys(), account.id, &sealed)?;
        let step = match self.check_first_code(&seed, old.as_ref(), account.id, &request.code) {
            Ok(step) => Some(step),
            Err(Error::Refused(Refusal::Fields(fields))) => {
                for field in fields {
                    problems.add(&field.field, field.problem);
                }
                None
            }
            Err(error) => return Err(error),
        };
        let (Some(name), Some(step)) = (name, step) else {
            return Err(Refusal::Fields(problems.0).into());
        };
        tx.remove_factors(account.id, FactorKind::Totp).await?;
        let row = FactorRow {
            id: FactorId(self.random().id(now)),
            account_id: account.id,
            kind: FactorKind::Totp,
            name,
            sealed,
            last_step: step,
            created_at: now,
            last_used_at: None,
            credential_id: None,
            host: None,
            copied_at: None,
        };
        tx.add_factor(&row).await?;
        tx.end_factor_setup(account.id).await?;
        tx.clear_app_codes(account.id).await?;
        self.begin_second_factor(&mut tx, actor, &account).await?;
        let change = match (&old, had_one) {
            (Some(_), _) => FactorChange::Replaced,
            (None, true) => FactorChange::AppAdded,
            (None, false) => FactorChange::Added,
        };
        self.tell_owner(&mut tx, actor, &account, change).await?;
        // Whoever sets up another one has not to be set free any more.
        let kept = actor.event(AuditKind::FactorRemovalStopped);
        self.stop_removal(&mut tx, &account, None, kept).await?;
        tx.record(self, actor.event(AuditKind::FactorAdded)).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// What goes with a factor that was not there before.
    pub(crate) async fn begin_second_factor(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account: &Account,
    ) -> Result<()> {
        // Proofs and promises from before say nothing about this factor.
        tx.void_step_ups(account.id, Some(actor.session)).await?;
        tx.unspare_devices(account.id).await?;
        if tx.recovery_codes_left(account.id).await? == 0 {
            self.make_fresh_codes(tx, account).await?;
        }
        Ok(())
    }

    async fn tell_owner(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account: &Account,
        change: FactorChange,
    ) -> Result<()> {
        let occasion = occasion(self.now(), &actor.visit);
        self.tell_of_factor(tx, account, change, occasion, &actor.visit.origin).await
    }

    /// Why a code cannot prove a secret that waits no more.
    fn setup_is_gone(
        &self,
        account: &Account,
        app: Option<&FactorRow>,
        code: &Secret,
    ) -> Result<Error> {
        let now = self.now();
        let mut problem = Problem::SetupOver;
        if let Some(app) = app
            && let Typed::App(code) = Typed::read(account.id, code)
        {
            let seed = Seed::open(self.keys(), account.id, &app.sealed)?;
            // Pressed twice, or in two windows: the first one did it.
            if seed.step_of(&code, now)?.is_some_and(|step| step <= app.last_step) {
                problem = Problem::SetupCodeUsed;
            }
        }
        Ok(Error::field("code", problem))
    }

    /// Makes new recovery codes. Those before work until the new ones are saved.
    pub async fn make_recovery_codes(&self, actor: &Actor) -> Result<()> {
        let mut tx = self.db().write().await?;
        let account = self.hold_own(&mut tx, actor).await?;
        if !tx.has_factor(account.id).await? {
            return Err(Refusal::NotFound.into());
        }
        self.make_fresh_codes(&mut tx, &account).await?;
        Ok(tx.commit().await?)
    }

    async fn make_fresh_codes(&self, tx: &mut Tx, account: &Account) -> Result<()> {
        let codes = (0..RECOVERY_CODES).map(|_| new_recovery_code(self.random())).collect();
        let sealed = self.keys().seal(&codes_purpose(account.id), &FreshCodes(codes))?;
        Ok(tx.set_fresh_codes(account.id, &sealed, self.now()).await?)
    }

    /// Their owner has saved new recovery codes: from now on these work, and no others.
    pub async fn save_recovery_codes(&self, actor: &Actor) -> Result<()> {
        let mut tx = self.db().write().await?;
        let account = self.hold_own(&mut tx, actor).await?;
        // Pressed twice: they are saved.
        let Some(sealed) = tx.fresh_codes(account.id).await? else { return Ok(()) };
        let fresh: FreshCodes = self.keys().open(&codes_purpose(account.id), &sealed)?;
        let were_there = tx.recovery_codes_left(account.id).await? > 0;
        let hashes: Vec<_> = fresh.0.iter().map(|code| recovery_hash(account.id, code)).collect();
        tx.replace_recovery_codes(account.id, &hashes).await?;
        tx.end_fresh_codes(account.id).await?;
        tx.clear_recovery_codes(account.id).await?;
        if were_there {
            let change = FactorChange::CodesMade;
            self.tell_owner(&mut tx, actor, &account, change).await?;
        }
        tx.record(self, actor.event(AuditKind::RecoveryCodesMade)).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Removes one of several factors. The last one is turned off, with all that belongs to it.
    pub async fn remove_factor(&self, actor: &Actor, id: FactorId) -> Result<()> {
        let mut tx = self.db().write().await?;
        let account = self.hold_own(&mut tx, actor).await?;
        let Some(kind) = tx.remove_factor(account.id, id).await? else {
            return Err(Refusal::NotFound.into());
        };
        if tx.factors(account.id).await?.iter().any(|row| row.copied_at.is_none()) {
            let change = match kind {
                FactorKind::Totp => FactorChange::AppRemoved,
                FactorKind::Passkey => FactorChange::PasskeyRemoved,
            };
            if kind == FactorKind::Totp {
                tx.clear_app_codes(account.id).await?;
            }
            self.tell_owner(&mut tx, actor, &account, change).await?;
            tx.record(self, actor.event(AuditKind::FactorDropped)).await?;
        } else if self.needs_factor(&mut tx, &account).await? {
            return Err(Refusal::FactorNeeded.into());
        } else {
            // A passkey that was copied lets nobody in: it goes with the last factor that did.
            tx.remove_all_factors(account.id).await?;
            let (how, occasion) = (TURNED_OFF, occasion(self.now(), &actor.visit));
            self.end_second_factor(&mut tx, &account, how, occasion, &actor.visit.origin).await?;
            tx.record(self, actor.event(AuditKind::FactorRemoved)).await?;
        }
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Whether the policy wants a second factor of an account by now.
    async fn needs_factor(&self, tx: &mut Tx, account: &Account) -> Result<bool> {
        let due = factor_due(&tx.policy(account.organization_id).await?, account.kind);
        Ok(due.is_some_and(|due| due <= self.now()))
    }

    /// Turns two-factor authentication off. A password that was allowed to be short because of it
    /// has to be changed at the next sign-in.
    pub async fn turn_off_two_factor(&self, actor: &Actor) -> Result<()> {
        let mut tx = self.db().write().await?;
        let account = self.hold_own(&mut tx, actor).await?;
        if self.needs_factor(&mut tx, &account).await? {
            return Err(Refusal::FactorNeeded.into());
        }
        let (visit, occasion) = (&actor.visit, occasion(self.now(), &actor.visit));
        // Pressed twice: it is off.
        let origin = visit.origin.as_str();
        if self.remove_second_factor(&mut tx, &account, TURNED_OFF, occasion, origin).await? {
            tx.record(self, actor.event(AuditKind::FactorRemoved)).await?;
        }
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Removes an account's second factor and all that belongs to it, and tells the owner how; whether
    /// there was one. The account must be held.
    pub(crate) async fn remove_second_factor(
        &self,
        tx: &mut Tx,
        account: &Account,
        how: (FactorChange, LinkOf),
        occasion: Occasion,
        origin: &str,
    ) -> Result<bool> {
        if tx.remove_all_factors(account.id).await? {
            self.end_second_factor(tx, account, how, occasion, origin).await?;
            return Ok(true);
        }
        tx.end_factor_setup(account.id).await?;
        tx.end_fresh_codes(account.id).await?;
        Ok(false)
    }

    /// What goes with an account's last factor.
    async fn end_second_factor(
        &self,
        tx: &mut Tx,
        account: &Account,
        how: (FactorChange, LinkOf),
        occasion: Occasion,
        origin: &str,
    ) -> Result<()> {
        // What is gone has not to be removed any more.
        tx.end_removal(account.id, self.now()).await?;
        tx.end_factor_setup(account.id).await?;
        tx.end_fresh_codes(account.id).await?;
        tx.replace_recovery_codes(account.id, &[]).await?;
        tx.unspare_devices(account.id).await?;
        tx.clear_app_codes(account.id).await?;
        tx.clear_recovery_codes(account.id).await?;
        if tx.password_leans(account.id).await? {
            tx.demand_change(account.id, self.now()).await?;
        }
        self.tell_how_factor(tx, account, how, occasion, origin).await
    }

    /// The devices on which the actor is not asked for a second factor.
    pub async fn remembered_devices(&self, actor: &Actor) -> Result<Vec<RememberedDevice>> {
        let mut tx = self.db().read().await?;
        let rows = tx.spared_devices(actor.account, self.now()).await?;
        Ok(rows
            .into_iter()
            .map(|row| RememberedDevice {
                id: row.id,
                device: device::describe(&row.user_agent),
                last_used_at: row.last_used_at,
                until: row.remembered_until,
            })
            .collect())
    }

    /// Asks for the second factor again on one of the actor's devices.
    pub async fn forget_device(&self, actor: &Actor, id: DeviceId) -> Result<()> {
        let mut tx = self.db().write().await?;
        if !tx.unspare_device(actor.account, id, self.now()).await? {
            return Err(Refusal::NotFound.into());
        }
        tx.record(self, actor.event(AuditKind::DeviceForgotten)).await?;
        Ok(tx.commit().await?)
    }
}

/// A QR code as an SVG image, black on white whatever the theme: apps read nothing else.
fn qr(text: &str) -> anyhow::Result<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).context("a QR code")?;
    let image = code
        .render::<svg::Color<'_>>()
        .min_dimensions(200, 200)
        .dark_color(svg::Color("#000000"))
        .light_color(svg::Color("#ffffff"))
        .build();
    let start = image.find("<svg").context("an SVG image")?;
    Ok(image[start..].to_owned())
}
