//! The scope selector: one's own organization and all below it, to be searched.

use leptos::prelude::*;
use model::{customer::Scope, id::OrganizationId};

use super::icon::{Glyph, Icon};
use crate::{
    api::{ApiError, customers::scopes},
    i18n::tr,
};

/// From how many scopes on they can be searched.
pub const MANY: u32 = 8;

/// What one types to narrow the scopes, and those that fit. Made with the page and not with the
/// selector, which is drawn when the page is known: by then the browser would fetch anew what came
/// with the page.
#[derive(Clone, Copy)]
pub struct Narrowed {
    typed: RwSignal<String>,
    /// Those that fit.
    pub found: Resource<Result<Vec<Scope>, ApiError>>,
}

impl Narrowed {
    /// Asks for all of them.
    pub fn ask() -> Self {
        let typed = RwSignal::new(String::new());
        Self { typed, found: Resource::new_blocking(move || typed.get(), scopes) }
    }
}

/// The selector.
#[component]
pub fn Scopes(
    /// The one that is chosen.
    chosen: OrganizationId,
    /// What it is called.
    name: String,
    /// How many there are to choose from.
    number: u32,
    /// Those to choose from.
    narrowed: Narrowed,
    /// Where one goes by choosing.
    #[prop(into)]
    to: Callback<OrganizationId, String>,
) -> impl IntoView {
    let Narrowed { typed, found } = narrowed;
    let menu = NodeRef::<leptos::html::Details>::new();
    // The page stays, and so would the menu over it.
    let close = move |_| {
        if let Some(menu) = menu.get_untracked() {
            menu.set_open(false);
        }
    };
    let list = move || {
        Suspend::new(async move {
            let line = |scope: Scope| {
                let to = to.run(scope.id);
                let class = match scope.depth {
                    0 => "menu-line",
                    1 => "menu-line menu-1",
                    2 => "menu-line menu-2",
                    _ => "menu-line menu-3",
                };
                let current = (scope.id == chosen).then_some("true");
                let suspended = scope.suspended.then(|| {
                    view! { " " <span class="hint">{tr!(organizations.suspended_mark)}</span> }
                });
                view! {
                    <li><a class=class href=to aria-current=current on:click=close>{scope.name.to_string()} {suspended}</a></li>
                }
            };
            let lines = found.await.unwrap_or_default().into_iter().map(line).collect_view();
            view! { <ul>{lines}</ul> }
        })
    };
    let search = (number >= MANY).then(|| {
        view! {
            <input
                class="input live-only mb-1 w-full"
                type="search"
                aria-label=tr!(customers.search_scopes)
                placeholder=tr!(customers.search_scopes)
                autocomplete="off"
                on:input:target=move |event| typed.set(event.target().value())
            />
        }
    });
    view! {
        <details class="menu" node_ref=menu>
            <summary class="btn menu-button">
                <span class="hint">{tr!(customers.scope)}</span>
                <span class="truncate">{name}</span>
                <Glyph icon=Icon::Down class="size-4" />
            </summary>
            <div class="menu-panel panel">{search} <Transition>{list}</Transition></div>
        </details>
    }
}

/// Finds organizations by their names, without a script as well: asks the page anew.
#[component]
pub fn FindScopes(
    /// The parameter that takes what is typed.
    name: &'static str,
    /// What was typed.
    typed: String,
) -> impl IntoView {
    view! {
        <form method="get" role="search" class="search mt-4">
            <input
                class="input w-full pr-11"
                type="search"
                name=name
                value=typed
                aria-label=tr!(customers.search_scopes)
                placeholder=tr!(customers.search_scopes)
                autocomplete="off"
            />
            <button class="reveal" aria-label=tr!(customers.search_scopes) title=tr!(customers.search_scopes)>
                <Glyph icon=Icon::Search />
            </button>
        </form>
    }
}
