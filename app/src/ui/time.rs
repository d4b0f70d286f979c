//! Moments, for people.

use leptos::prelude::*;
use model::Moment;

use crate::words;

/// A moment: in UTC as the server writes it, in the reader's time zone once the browser can.
#[component]
pub fn Time(
    /// The moment.
    at: Moment,
) -> impl IntoView {
    let text = RwSignal::new(words::moment(at));
    Effect::new(move || {
        if let Some(local) = local(at) {
            text.set(local);
        }
    });
    view! { <time class="num min-[360px]:whitespace-nowrap" datetime=at.rfc3339()>{text}</time> }
}

/// The moment in the browser's time zone, written like [`words::moment`].
#[cfg(feature = "hydrate")]
fn local(at: Moment) -> Option<String> {
    use js_sys::{Array, Date, Function, Intl::DateTimeFormat, Object, Reflect};
    use model::account::Language;
    use wasm_bindgen::JsValue;

    let options = Object::new();
    for (name, value) in [
        ("day", "numeric"),
        ("month", "short"),
        ("year", "numeric"),
        ("hour", "2-digit"),
        ("minute", "2-digit"),
        ("hourCycle", "h23"),
        ("timeZoneName", "short"),
    ] {
        Reflect::set(&options, &name.into(), &value.into()).ok()?;
    }
    let locale = match crate::i18n::language() {
        Language::En => "en-GB",
        Language::De => "de-DE",
        Language::Fr => "fr-FR",
        Language::Es => "es-ES",
    };
    let format = DateTimeFormat::new(&Array::of1(&locale.into()), &options);
    let format: JsValue = Reflect::get(&format, &"format".into()).ok()?;
    let milliseconds = at.0.div_euclid(1_000);
    #[expect(clippy::cast_precision_loss, reason = "exact for the next 285,000 years")]
    let date = Date::new(&JsValue::from_f64(milliseconds as f64));
    Function::from(format).call1(&JsValue::UNDEFINED, &date).ok()?.as_string()
}

#[cfg(not(feature = "hydrate"))]
fn local(_: Moment) -> Option<String> {
    None
}
