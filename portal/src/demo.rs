//! The demo's people: seeded once, all with one password, every name invented.

use std::time::Duration;

use anyhow::Context;
use model::{
    Moment,
    account::{AccountKind, Language, Lock, Role},
    consent::{Consent, ConsentSource},
    id::{AccountId, ConsentId, OrganizationId, SiteId},
    organization::OrganizationState,
    policy::Rule,
    text::{EmailAddress, Name, UserName},
};

use crate::{
    Portal,
    secrets::Secret,
    store::{NewAccount, OrganizationRow, SiteRow, Tx},
    throttle::canonical,
};

/// The password of everybody in the demo.
pub const DEMO_PASSWORD: &str = "harbour lantern mosaic";

const FIRST: [&str; 25] = [
    "Amara", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas",
    "Katya", "Leon", "Marit", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Stefan", "Tomasz",
    "Uma", "Viktor", "Wanda", "Yusuf", "Zoe",
];
const LAST: [&str; 24] = [
    "Abend",
    "Bellweather",
    "Castellan",
    "Drummel",
    "Eastlake",
    "Fennimore",
    "Garrowby",
    "Hollander",
    "Ivanek",
    "Juniper",
    "Kestrel",
    "Lindqvist",
    "Marchetti",
    "Natarajan",
    "Okonedo",
    "Pemberly",
    "Quillon",
    "Rasmussen",
    "Solheim",
    "Thistlewood",
    "Ulvang",
    "Vandermeer",
    "Wrona",
    "Zeller",
];
const TRADES: [&str; 20] = [
    "Joinery",
    "Dental",
    "Logistics",
    "Media",
    "Bakery",
    "Architects",
    "Physio",
    "Motors",
    "Legal",
    "Optics",
    "Textiles",
    "Brewing",
    "Surveyors",
    "Gardens",
    "Audio",
    "Freight",
    "Pottery",
    "Travel",
    "Print",
    "Robotics",
];
const PLACES: [&str; 20] = [
    "Harbour",
    "Lakeview",
    "Northgate",
    "Oakfield",
    "Riverside",
    "Summit",
    "Westend",
    "Meadow",
    "Granite",
    "Willow",
    "Beacon",
    "Copper",
    "Juniper",
    "Falcon",
    "Amber",
    "Orchard",
    "Silver",
    "Tidal",
    "Cedar",
    "Highland",
];

/// What is told of one of the demo's people.
struct Person<'a> {
    organization: OrganizationId,
    site: SiteId,
    role: Option<Role>,
    name: &'a str,
    email: &'a str,
    user_name: Option<&'a str>,
    company: Option<&'a str>,
    reference: Option<String>,
    allows_resets: bool,
    locked: bool,
    last_sign_in: Option<Duration>,
}

/// Writes the demo's people with one hash for all.
struct Seeder<'a> {
    portal: &'a Portal,
    tx: Tx,
    hash: String,
    now: Moment,
}

impl Portal {
    /// Fills an empty database with the demo's organizations and people; does nothing to one that
    /// has organizations.
    pub async fn seed_demo(&self) -> anyhow::Result<()> {
        let mut tx = self.db().read().await?;
        let is_seeded = !tx.organizations().await?.is_empty();
        drop(tx);
        if is_seeded {
            return Ok(());
        }
        let hash = self.hasher().hash(&Secret::new(DEMO_PASSWORD.into())).await?;
        let now = self.now();
        let mut seeder = Seeder { portal: self, tx: self.db().write().await?, hash, now };
        seeder.people().await?;
        seeder.tx.commit().await?;
        Ok(())
    }
}

impl Seeder<'_> {
    async fn people(&mut self) -> anyhow::Result<()> {
        let operator = self.organization(None, "Rekey Operations").await?;
        let operator_site = self.site(operator, Some("operator"), "Rekey Operations", None).await?;
        let northwind = self.organization(Some(operator), "Northwind Backup").await?;
        let tagline = "Backup accounts and settings for Northwind customers and partners.";
        let northwind_site = self.site(northwind, None, "Northwind Backup", Some(tagline)).await?;
        let fjord = self.organization(Some(northwind), "Fjord IT").await?;
        self.tx.use_site(fjord, northwind_site).await?;
        // Northwind shows all that a help desk can do; Contoso leaves everything as it is.
        for rule in [Rule::AllowManualEntry, Rule::AllowGenerated, Rule::AgentsSetPasswords] {
            self.tx.set_rule(northwind, rule, 1).await?;
        }
        let contoso = self.organization(Some(operator), "Contoso Cloud").await?;
        let tagline = "Your Contoso servers, mail and domains.";
        let contoso_site =
            self.site(contoso, Some("contoso"), "Contoso Cloud", Some(tagline)).await?;

        let staff = |organization, site, role, name, email| Person {
            organization,
            site,
            role: Some(role),
            name,
            email,
            user_name: None,
            company: None,
            reference: None,
            allows_resets: false,
            locked: false,
            last_sign_in: None,
        };
        for person in [
            staff(operator, operator_site, Role::Owner, "Robin Keeler", "operator@rekey.example"),
            staff(
                northwind,
                northwind_site,
                Role::Owner,
                "Olivia Berg",
                "olivia@northwind.example",
            ),
            staff(northwind, northwind_site, Role::Agent, "Arun Velder", "arun@northwind.example"),
            staff(northwind, northwind_site, Role::Auditor, "Ada Quist", "ada@northwind.example"),
            staff(fjord, northwind_site, Role::Owner, "Freya Nordahl", "freya@fjord.example"),
            staff(contoso, contoso_site, Role::Owner, "Carla Montez", "carla@contoso.example"),
        ] {
            self.person(&person).await?;
        }

        let customer = |name, email, company| Person {
            organization: northwind,
            site: northwind_site,
            role: None,
            name,
            email,
            user_name: None,
            company: Some(company),
            reference: None,
            allows_resets: true,
            locked: false,
            last_sign_in: Some(Duration::from_hours(2)),
        };
        self.person(&Person {
            user_name: Some("casey"),
            ..customer("Casey Thornton", "casey@acme.example", "Acme Joinery")
        })
        .await?;
        self.person(&Person {
            allows_resets: false,
            ..customer("Drew Okafor", "drew@blueberry.example", "Blueberry Media")
        })
        .await?;
        self.person(&Person {
            locked: true,
            ..customer("Lou Marchetti", "lou@lakeside.example", "Lakeside Dental")
        })
        .await?;
        self.crowd(0..200, northwind, northwind_site).await?;
        self.crowd(200..212, fjord, northwind_site).await?;
        self.crowd(212..230, contoso, contoso_site).await
    }

    /// Customers with believable names, always the same ones.
    async fn crowd(
        &mut self,
        numbers: std::ops::Range<usize>,
        organization: OrganizationId,
        site: SiteId,
    ) -> anyhow::Result<()> {
        for n in numbers {
            // 25 and 24 have no common divisor: 600 pairs before one comes again; so with 20 places
            // and a trade that moves on with each round of them.
            let (first, last) = (FIRST[n % FIRST.len()], LAST[n % LAST.len()]);
            let (place, trade) =
                (PLACES[n % PLACES.len()], TRADES[(n + n / PLACES.len()) % TRADES.len()]);
            let company = format!("{place} {trade}");
            let host = format!("{place}-{trade}").to_lowercase();
            let email = format!("{}@{host}.example", first.to_lowercase());
            let hours = (n * 37 % 2_000) as u64 + 3;
            self.person(&Person {
                organization,
                site,
                role: None,
                name: &format!("{first} {last}"),
                email: &email,
                user_name: None,
                company: Some(&company),
                reference: Some(format!("C-{}", 1_001 + n)),
                allows_resets: n % 5 != 3,
                locked: n % 29 == 28,
                last_sign_in: (n % 13 != 5).then_some(Duration::from_secs(hours * 3_600)),
            })
            .await?;
        }
        Ok(())
    }

    async fn person(&mut self, person: &Person<'_>) -> anyhow::Result<()> {
        let kind = if person.role.is_some() { AccountKind::Staff } else { AccountKind::Customer };
        let email = EmailAddress::parse(person.email).context("a demo address")?;
        let account = NewAccount {
            id: AccountId(self.portal.random().id(self.now)),
            site_id: person.site,
            organization_id: person.organization,
            kind,
            role: person.role,
            email_key: canonical(email.as_str()),
            email,
            user_name: person.user_name.map(UserName::parse).transpose().context("a demo name")?,
            name: Name::parse(person.name).context("a demo name")?,
            company: person.company.map(str::to_owned),
            reference: person.reference.clone(),
            language: Language::En,
            password_hash: Some(self.hash.clone()),
            locked_by: person.locked.then_some(Lock::Staff),
            last_sign_in_at: person.last_sign_in.map(|span| self.now.minus(span)),
        };
        self.tx.add_account(&account, self.now).await?;
        if person.allows_resets {
            let id = ConsentId(self.portal.random().id(self.now));
            let source = ConsentSource::Creation;
            self.tx.add_consent(id, account.id, Consent::Always, (source, None), self.now).await?;
        }
        Ok(())
    }

    async fn organization(
        &mut self,
        parent: Option<OrganizationId>,
        name: &str,
    ) -> anyhow::Result<OrganizationId> {
        let row = OrganizationRow {
            id: OrganizationId(self.portal.random().id(self.now)),
            parent_id: parent,
            name: Name::parse(name).context("a demo name")?,
            state: OrganizationState::Active,
            created_at: self.now,
        };
        self.tx.add_organization(&row).await?;
        Ok(row.id)
    }

    async fn site(
        &mut self,
        organization: OrganizationId,
        slug: Option<&str>,
        name: &str,
        tagline: Option<&str>,
    ) -> anyhow::Result<SiteId> {
        let host = name.split(' ').next().unwrap_or_default().to_lowercase();
        let row = SiteRow {
            id: SiteId(self.portal.random().id(self.now)),
            organization_id: organization,
            slug: slug.map(str::to_owned),
            is_default: slug.is_none(),
            name: Name::parse(name).context("a demo name")?,
            tagline: tagline.map(str::to_owned),
            support_email: Some(format!("support@{host}.example")),
            language: Language::En,
            brand: "{}".into(),
            host: None,
            created_at: self.now,
        };
        self.tx.add_site(&row).await?;
        self.tx.use_site(organization, row.id).await?;
        Ok(row.id)
    }
}
