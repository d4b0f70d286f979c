//! `/customers/links`: links to new passwords for many customers. Proof of one's own password first,
//! then what will happen, and how many they are, typed to confirm.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    Refusal,
    approval::Flagged,
    customer::CustomerQuery,
    job::{ManyView, RATES},
};

use super::{address, asked_for, first_page, prove::Prove};
use crate::{
    api::{
        ApiError,
        many::{SendMany, view_many},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Area, Choice, Field, Tick},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        job::number,
        page::PageTitle,
        panel::{Absent, Failed, Loading, Notice, Tone},
    },
    words,
};

/// Who is meant: those who were picked, or all whom a query finds.
#[derive(Debug, Clone, PartialEq)]
struct Meant {
    picked: String,
    all: bool,
    query: CustomerQuery,
}

impl Meant {
    /// The address that means the same.
    fn address(&self) -> String {
        if self.all {
            let path = address(&self.query).replacen("/customers", "/customers/links", 1);
            let more = if path.contains('?') { "&" } else { "?" };
            format!("{path}{more}all=1")
        } else {
            let picked: Vec<String> =
                self.picked.split(' ').map(|id| format!("pick={id}")).collect();
            format!("/customers/links?{}", picked.join("&"))
        }
    }
}

/// The page.
#[component]
pub fn SendLinks() -> impl IntoView {
    let params = use_query_map();
    let meant = Memo::new(move |_| {
        params.with(|params| {
            let picked = params.get_all("pick").unwrap_or_default();
            let all = params.get_str("all").is_some();
            Meant { picked: picked.join(" "), all, query: first_page(&asked_for(params)) }
        })
    });
    let (proof, form) = (use_form::<StepUp>(), use_form::<SendMany>());
    let proven = Memo::new(move |_| {
        let over = form.error() == Some(ApiError::Refused(Refusal::StepUp));
        (proof.done().then(|| proof.version()), over.then(|| form.version()))
    });
    let asked = Resource::new_blocking(
        move || (meant.get(), proven.get()),
        |(meant, _)| async move {
            let CustomerQuery { scope, text, state, connector, .. } = meant.query;
            view_many(meant.picked, meant.all, scope, text, state, connector).await
        },
    );
    let page = move || {
        Suspend::new(async move {
            let meant = meant.get_untracked();
            match asked.await {
                Ok(view) if view.count == 0 => {
                    view! { <Told text=tr!(many.nobody).to_owned() /> }.into_any()
                }
                Ok(view) if view.count > view.most => {
                    view! { <Told text=tr!(many.too_many, most = number(view.most)) /> }.into_any()
                }
                Ok(view) if !view.stepped_up => {
                    let over = form.error_now() == Some(ApiError::Refused(Refusal::StepUp));
                    view! { <Prove form=proof next=meant.address() over why=tr!(care.prove) /> }
                        .into_any()
                }
                Ok(view) => {
                    if form.error_now() == Some(ApiError::Refused(Refusal::StepUp)) {
                        // With a fresh proof, what was said about the old one is over.
                        form.forget();
                    }
                    view! { <Check view meant form /> }.into_any()
                }
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error @ ApiError::Refused(Refusal::NotAllowed)) => {
                    view! { <Told text=words::error(&error) /> }.into_any()
                }
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <div class="mx-auto max-w-xl">
            <a class="back" href=move || address(&meant.get().query)>
                <Glyph icon=Icon::Back class="size-4" />
                {tr!(customers.title)}
            </a>
            <div class="panel mt-3 p-6 sm:p-8">
                <PageTitle title=tr!(many.title) hint=Some(tr!(many.hint).to_owned()) />
                <Transition fallback=Loading>{page}</Transition>
            </div>
        </div>
    }
}

/// Why there is nothing to do here.
#[component]
fn Told(text: String) -> impl IntoView {
    view! { <div class="mt-5"><Notice tone=Tone::Plain>{text}</Notice></div> }
}

/// What will happen.
#[component]
fn Check(view: ManyView, meant: Meant, form: FormState<SendMany>) -> impl IntoView {
    let rates: Vec<(String, String)> =
        RATES.into_iter().map(|rate| (rate.to_string(), tr!(many.rate, count = rate))).collect();
    let count = number(view.count);
    let submit = if view.flagged.is_some() { tr!(approval.ask) } else { tr!(many.submit) };
    let fields = [
        ("picked", Some(meant.picked).filter(|picked| !picked.is_empty())),
        ("all", meant.all.then(|| "true".to_owned())),
        ("scope", meant.query.scope.map(|id| id.to_string())),
        ("text", Some(meant.query.text).filter(|text| !text.is_empty())),
        ("state", meant.query.state.map(|state| state.word().to_owned())),
        ("connector", meant.query.connector.map(|id| id.to_string())),
    ];
    let fields = fields
        .into_iter()
        .filter_map(|(name, value)| Some(view! { <input type="hidden" name=name value=value? /> }))
        .collect_view();
    view! {
        <ul class="advice">
            <li>{tr!(many.will_mail, count = count.clone())}</li>
            <li>{tr!(many.will_replace)}</li>
            <li>
                {if view.may_stop { tr!(many.will_keep_unless) } else { tr!(many.will_keep) }}
            </li>
            <li>{tr!(many.will_skip)}</li>
            <li>{tr!(many.will_wait, count = number(view.per_hour))}</li>
        </ul>
        {view
            .flagged
            .map(|flagged| {
                let Flagged::Many { up_to } = flagged else { return ().into_any() };
                view! { <Notice tone=Tone::Plain>{tr!(many.flagged, count = number(up_to))}</Notice> }
                    .into_any()
            })}
        {(!view.sends_mail).then(|| view! { <Notice tone=Tone::Bad>{tr!(obstacle.no_mail)}</Notice> })}
        <Form form>
            {fields}
            <Area name="reason" label=tr!(desk.reason) hint=tr!(many.reason_hint) />
            <Field name="ticket" label=tr!(desk.ticket) />
            {view
                .may_stop
                .then(|| view! { <Tick name="stop" label=tr!(many.stop) hint=tr!(many.stop_hint) /> })}
            <Choice name="per_minute" label=tr!(many.speed) options=rates chosen="60".to_owned() />
            <Field
                name="typed"
                label=tr!(many.typed)
                hint=tr!(many.typed_hint, count = count)
                verbatim=true
            />
            <Submit label=submit class="btn btn-primary w-full" />
        </Form>
    }
}
