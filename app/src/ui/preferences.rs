//! Language and theme, at the foot of every page.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_location;

use super::icon::{Glyph, Icon};
use crate::{
    api::preferences::SetPreferences,
    front_door::FrontDoor,
    i18n::{language, tr},
    request::Theme,
};

/// Which theme is in use, and how to choose another one.
#[derive(Clone, Copy)]
struct ChosenTheme(RwSignal<Theme>);

/// Makes the choice known to all of the page.
pub fn provide_theme() {
    provide_context(ChosenTheme(RwSignal::new(FrontDoor::get().theme)));
}

/// Small forms: without JavaScript the page comes back as chosen. A language always loads the
/// page anew; a theme changes on the spot.
#[component]
pub fn Preferences() -> impl IntoView {
    let location = use_location();
    let here = move || format!("{}{}", location.pathname.get(), query(&location.search.get()));
    let ChosenTheme(theme) = expect_context();
    let remember = ServerAction::<SetPreferences>::new();
    let choose = move |event: leptos::ev::SubmitEvent| {
        use leptos::wasm_bindgen::JsCast;

        let chosen = event
            .submitter()
            .and_then(|button| button.dyn_into::<web_sys::HtmlButtonElement>().ok())
            .and_then(|button| Theme::from_word(&button.value()));
        if let Some(chosen) = chosen {
            event.prevent_default();
            show(chosen);
            theme.set(chosen);
            remember.dispatch(SetPreferences {
                language: String::new(),
                theme: chosen.word().into(),
                here: String::new(),
            });
        }
    };
    let site = FrontDoor::get().site;
    let spoken = site.brand.spoken(site.language);
    // One language is no choice.
    let several = spoken.len() > 1;
    let languages = spoken
        .into_iter()
        .map(|one| {
            view! {
                <button
                    class="choice"
                    name="language"
                    value=one.tag()
                    lang=one.tag()
                    aria-pressed=(one == language()).to_string()
                >
                    {one.own_name()}
                </button>
            }
        })
        .collect_view();
    let themes = Theme::ALL
        .into_iter()
        .map(|one| {
            let (icon, name) = match one {
                Theme::System => (Icon::Contrast, tr!(theme.system)),
                Theme::Light => (Icon::Sun, tr!(theme.light)),
                Theme::Dark => (Icon::Moon, tr!(theme.dark)),
            };
            view! {
                <button
                    class="choice"
                    name="theme"
                    value=one.word()
                    aria-pressed=move || (one == theme.get()).to_string()
                >
                    <Glyph icon class="size-4" />
                    {name}
                </button>
            }
        })
        .collect_view();
    view! {
        <div class="flex flex-wrap items-center justify-center gap-x-6 gap-y-2">
            {several
                .then(|| {
                    view! {
                        <form method="post" class="choices" aria-label=tr!(common.language)>
                            <input type="hidden" name="_form" value=SetPreferences::url() />
                            <input type="hidden" name="here" value=here />
                            {languages}
                        </form>
                    }
                })}
            <form method="post" class="choices" aria-label=tr!(theme.title) on:submit=choose>
                <input type="hidden" name="_form" value=SetPreferences::url() />
                <input type="hidden" name="here" value=here />
                {themes}
            </form>
        </div>
    }
}

/// Shows the page in a theme.
fn show(theme: Theme) {
    let Some(html) = document().document_element() else { return };
    // An attribute with this name can always be set.
    let _ = match theme.attribute() {
        Some(value) => html.set_attribute("data-theme", value),
        None => html.remove_attribute("data-theme"),
    };
}

/// A query with its question mark, if there is one.
fn query(search: &str) -> String {
    match search.trim_start_matches('?') {
        "" => String::new(),
        search => format!("?{search}"),
    }
}
