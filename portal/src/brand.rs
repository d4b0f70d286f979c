//! How the front door of an organization looks, and what it says.

use anyhow::Context;
use model::{
    Refusal,
    account::Language,
    audit::{AuditChange, AuditKind},
    brand::{
        Brand, BrandView, Colour, Corners, LONGEST_LINK, LONGEST_TAGLINE, LegalLinks, Letters,
        OwnDoor,
    },
    id::OrganizationId,
    permission::Permission,
    refusal::Problem,
    text::{EmailAddress, Name},
};
use reqwest::Url;

use crate::{Actor, Portal, Result, audit::changed, problems::Problems, store::SiteRow};

/// The form of a brand, as it was filled in.
#[derive(Debug, Clone, Default)]
pub struct SetBrand {
    /// Whose; one's own organization's when there is none.
    pub scope: Option<OrganizationId>,
    /// The brand's name.
    pub name: String,
    /// One line under the title of the sign-in page; empty for none.
    pub tagline: String,
    /// Where people write to who need help; empty for nowhere.
    pub support_email: String,
    /// The tag of the language that is spoken unless the visitor wants another.
    pub language: String,
    /// The tags of the languages that are spoken beside it.
    pub languages: Vec<String>,
    /// The colour; empty for Rekey's own.
    pub primary: String,
    /// The word of the corners.
    pub corners: String,
    /// The word of the letters.
    pub letters: String,
    /// The page that says who answers for it; empty for none.
    pub imprint: String,
    /// The page about personal data; empty for none.
    pub privacy: String,
    /// The page of terms; empty for none.
    pub terms: String,
}

impl Portal {
    /// How the front door of one's own organization looks, or that of one below it.
    pub async fn brand_page(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<BrandView> {
        let mut tx = self.db().read().await?;
        let acting = self.acting(&mut tx, actor, scope, Permission::EditBrand).await?;
        let site = tx.site_of(acting.id).await?.context("an organization without a site")?;
        let door = site.door(&actor.visit);
        let own = (site.organization_id == acting.id).then(|| site.into_own());
        Ok(BrandView { acting, door, own })
    }

    /// Changes how the front door of an organization looks; that of another one, which it shares, is
    /// not there to be changed.
    pub async fn set_brand(&self, actor: &Actor, request: SetBrand) -> Result<OrganizationId> {
        actor.may(Permission::EditBrand)?;
        let mut tx = self.db().write().await?;
        let organization =
            self.hold_scope(&mut tx, actor, request.scope, Permission::EditBrand).await?.id;
        let site = tx.own_site(organization).await?;
        let id = site.id;
        let (old, mut new) = (site.into_own(), parsed(&request)?);
        // Pictures have forms of their own.
        new.brand.logo.clone_from(&old.brand.logo);
        new.brand.icon.clone_from(&old.brand.icon);
        let changes = differences(&old, &new);
        if !changes.is_empty() {
            let brand = serde_json::to_string(&new.brand).context("a brand")?;
            tx.set_brand(id, &new, &brand).await?;
            let event = actor.event_on(organization, AuditKind::BrandChanged, changes);
            tx.record(self, event).await?;
        }
        tx.commit().await?;
        Ok(organization)
    }
}

impl SiteRow {
    /// The brand that is stored.
    pub(crate) fn look(&self) -> Brand {
        serde_json::from_str(&self.brand).unwrap_or_default()
    }

    fn into_own(self) -> OwnDoor {
        OwnDoor {
            brand: self.look(),
            name: self.name,
            tagline: self.tagline,
            support_email: self.support_email,
            language: self.language,
        }
    }
}

/// What was filled in, if all of it can be taken.
fn parsed(request: &SetBrand) -> Result<OwnDoor> {
    let mut problems = Problems::default();
    let name = problems.check("name", Name::parse(&request.name));
    let tagline = problems.check_optional("tagline", &request.tagline, tagline);
    let support_email =
        problems.check_optional("support_email", &request.support_email, EmailAddress::parse);
    let language = problems.check("language", chosen(Language::from_tag(&request.language)));
    let languages = problems.check("languages", spoken(&request.languages));
    let primary = problems.check_optional("primary", &request.primary, readable);
    let corners = problems.check("corners", chosen(Corners::from_word(&request.corners)));
    let letters = problems.check("letters", chosen(Letters::from_word(&request.letters)));
    let links = LegalLinks {
        imprint: problems.check_optional("imprint", &request.imprint, web_page),
        privacy: problems.check_optional("privacy", &request.privacy, web_page),
        terms: problems.check_optional("terms", &request.terms, web_page),
    };
    match (name, language, corners, letters) {
        (Some(name), Some(language), Some(corners), Some(letters)) if problems.0.is_empty() => {
            // All of them is what it is without a choice.
            let languages = languages.filter(|spoken| {
                Language::ALL.iter().any(|one| *one != language && !spoken.contains(one))
            });
            Ok(OwnDoor {
                name,
                tagline,
                support_email: support_email.map(|email| email.to_string()),
                language,
                brand: Brand { primary, corners, letters, links, languages, ..Brand::default() },
            })
        }
        _ => Err(Refusal::Fields(problems.0).into()),
    }
}

/// The languages that were ticked.
fn spoken(tags: &[String]) -> Result<Vec<Language>, Problem> {
    tags.iter().filter(|tag| !tag.is_empty()).map(|tag| chosen(Language::from_tag(tag))).collect()
}

/// One of the choices that there are.
fn chosen<T>(found: Option<T>) -> Result<T, Problem> {
    found.ok_or(Problem::NotAChoice)
}

/// One line that is not too long.
fn tagline(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.chars().count() > LONGEST_TAGLINE {
        Err(Problem::TooLong { max: u32::try_from(LONGEST_TAGLINE).unwrap_or(u32::MAX) })
    } else if text.chars().any(char::is_control) {
        Err(Problem::UnseenCharacters)
    } else {
        Ok(text.to_owned())
    }
}

/// A colour in which links and buttons can be read.
fn readable(text: &str) -> Result<Colour, Problem> {
    let colour = Colour::parse(text)?;
    if colour.is_readable() {
        Ok(colour)
    } else {
        Err(Problem::TooPale { better: colour.in_the_light() })
    }
}

/// A page elsewhere, which browsers reach without anybody between.
fn web_page(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.chars().count() > LONGEST_LINK {
        return Err(Problem::TooLong { max: u32::try_from(LONGEST_LINK).unwrap_or(u32::MAX) });
    }
    let page = Url::parse(text).map_err(|_| Problem::NotAWebPage)?;
    let is_plain = page.username().is_empty() && page.password().is_none();
    if page.scheme() == "https" && page.host_str().is_some() && is_plain {
        Ok(page.into())
    } else {
        Err(Problem::NotAWebPage)
    }
}

/// What is another one now, for the audit log.
fn differences(old: &OwnDoor, new: &OwnDoor) -> Vec<AuditChange> {
    let told = |door: &OwnDoor| {
        let LegalLinks { imprint, privacy, terms } = door.brand.links.clone();
        let spoken = door.brand.spoken(door.language);
        let spoken: Vec<&str> = spoken.into_iter().map(Language::tag).collect();
        [
            ("brand_name", Some(door.name.to_string())),
            ("tagline", door.tagline.clone()),
            ("support_email", door.support_email.clone()),
            ("language", Some(door.language.tag().to_owned())),
            ("languages", Some(spoken.join(", "))),
            ("primary", door.brand.primary.map(|colour| colour.to_string())),
            ("corners", Some(door.brand.corners.word().to_owned())),
            ("letters", Some(door.brand.letters.word().to_owned())),
            ("imprint", imprint),
            ("privacy", privacy),
            ("terms", terms),
        ]
    };
    told(old)
        .into_iter()
        .zip(told(new))
        .filter(|((_, old), (_, new))| old != new)
        .map(|((what, old), (_, new))| changed(what, old, new))
        .collect()
}
