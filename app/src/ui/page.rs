//! What every page has: a title, and on public pages the brand above and the foot below.

use leptos::prelude::*;
use leptos_meta::Title;
use model::{brand::LegalLinks, organization::SiteView};

use super::{
    icon::{Glyph, Icon},
    preferences::Preferences,
};
use crate::{front_door::FrontDoor, i18n::tr};

/// The page's title, in the window and on the page. After a change of page without a reload the
/// focus moves here, so that a screen reader says where one is.
#[component]
pub fn PageTitle(
    /// The title.
    #[prop(into)]
    title: String,
    /// One line under it.
    #[prop(optional_no_strip, into)]
    hint: Option<String>,
) -> impl IntoView {
    let heading = NodeRef::<leptos::html::H1>::new();
    let arriving = arrives_without_loading();
    Effect::new(move || {
        if let Some(heading) = heading.get()
            && arriving
        {
            // A heading that cannot take the focus leaves it where it was.
            let _ = heading.focus();
        }
    });
    let site = use_context::<SiteView>().unwrap_or_else(|| FrontDoor::get().site);
    view! {
        <Title text=format!("{title} · {}", site.name) />
        <h1 tabindex="-1" node_ref=heading>{title}</h1>
        {hint.map(|hint| view! { <p class="hint mt-1.5 max-w-prose">{hint}</p> })}
    }
}

/// Whether the page is drawn in place of another one, without being loaded.
pub(super) fn arrives_without_loading() -> bool {
    cfg!(feature = "hydrate")
        && Owner::current_shared_context().is_none_or(|page| !page.during_hydration())
}

/// The site's logo, or a mark and its name.
#[component]
pub fn Brand(
    /// The site.
    site: SiteView,
    /// Where it leads.
    #[prop(into)]
    to: String,
) -> impl IntoView {
    let name = site.name.to_string();
    let inner = match site.brand.logo {
        Some(logo) => {
            let (width, height) = logo.shown();
            view! {
                <img class="brand-logo" src=logo.path() alt=name width=width height=height />
            }
            .into_any()
        }
        None => view! {
            <span class="brand-mark"><Glyph icon=Icon::Key /></span>
            <span class="truncate">{name}</span>
        }
        .into_any(),
    };
    view! { <a class="brand" href=to>{inner}</a> }
}

/// A page for everybody: the brand, one panel, help and preferences. It hangs from the top: in the
/// middle it would move as the foot arrives, and with every message that the panel grows by.
#[component]
pub fn PublicPage(
    /// Whether there is room for panels of its own instead of the one.
    #[prop(optional)]
    wide: bool,
    /// What is in the panel.
    children: Children,
) -> impl IntoView {
    let (width, panel) = if wide { ("max-w-2xl", "") } else { ("max-w-md", "panel p-6 sm:p-8") };
    let site = FrontDoor::get().site;
    let home = site.path("/login");
    let support = site.support_email.clone();
    let links = site.brand.links.clone();
    view! {
        <div class="flex min-h-dvh flex-col">
            <main class=format!("mx-auto flex w-full {width} flex-1 flex-col px-4 py-10 sm:pt-[clamp(2.5rem,12dvh,8rem)]")>
                <div class="mb-6 flex justify-center"><Brand site to=home /></div>
                <div class=panel>{children()}</div>
                {support.map(|support| view! { <Support support /> })}
            </main>
            <footer class="px-4 pb-6">
                <Legal links />
                <Preferences />
            </footer>
        </div>
    }
}

/// Whom to write to.
#[component]
fn Support(support: String) -> impl IntoView {
    view! {
        <p class="hint mt-6 text-center">
            {tr!(common.need_help)} " "
            <a class="link" href=format!("mailto:{support}") rel="external">{support.clone()}</a>
        </p>
    }
}

/// The pages elsewhere that a front door leads to.
#[component]
pub fn Legal(
    /// The pages.
    links: LegalLinks,
) -> impl IntoView {
    let LegalLinks { imprint, privacy, terms } = links;
    let all =
        [(imprint, tr!(brand.imprint)), (privacy, tr!(brand.privacy)), (terms, tr!(brand.terms))];
    let shown: Vec<_> = all
        .into_iter()
        .filter_map(|(to, name)| {
            to.map(|to| view! { <a class="link" href=to rel="external noreferrer">{name}</a> })
        })
        .collect();
    (!shown.is_empty()).then(|| {
        view! {
            <nav class="hint mb-4 flex flex-wrap justify-center gap-x-5 gap-y-1" aria-label=tr!(brand.links)>
                {shown}
            </nav>
        }
    })
}

/// What a page without a form says: a sign, a title, and what to do.
#[component]
pub fn Sign(
    /// Says it at a glance.
    icon: Icon,
    /// Whether it is good news.
    #[prop(optional)]
    good: bool,
    /// The title.
    title: &'static str,
    /// The sentences.
    #[prop(optional, into)]
    hint: Option<String>,
    /// Where to go from here.
    children: Children,
) -> impl IntoView {
    let class = if good { "badge-icon badge-icon-good" } else { "badge-icon" };
    view! {
        <div class="flex flex-col gap-4">
            <span class=class><Glyph icon class="size-6" /></span>
            <div><PageTitle title hint /></div>
            {children()}
        </div>
    }
}
