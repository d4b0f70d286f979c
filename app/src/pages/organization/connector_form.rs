//! `/organization/connectors/new`: which kind of system, and its settings; and the form of these,
//! which the page of a connector has too.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::connector::{AskedView, ConnectorsView, Field as Setting, KeyEffect, KindView};

use super::{failed, named, scope_of, with_scope};
use crate::{
    api::{
        connectors::{SetConnector, view_connectors},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Choice, Field, PasswordField},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
        steps::Steps,
    },
    words::connectors as said,
};

/// The page.
#[component]
pub fn NewConnector() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let kind = Memo::new(move |_| query.with(|query| query.get("kind")));
    let (proof, form) = (use_form::<StepUp>(), use_form::<SetConnector>());
    let (proven, over) = (settled(proof), settled(form));
    let view = Resource::new_blocking(
        move || (scope.get(), proven.get(), over.get()),
        |(scope, ..)| view_connectors(scope),
    );
    let page = move || {
        let kind = kind.get();
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <New view kind proof form /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

/// The steps to a new connector.
#[component]
pub fn Progress(
    /// The current one, from 0.
    current: usize,
) -> impl IntoView {
    let names = vec![
        tr!(connector.step_system),
        tr!(connector.step_settings),
        tr!(connector.step_accounts),
    ];
    view! { <div class="mt-5"><Steps names current /></div> }
}

#[component]
fn New(
    view: ConnectorsView,
    #[prop(optional_no_strip)] kind: Option<String>,
    proof: FormState<StepUp>,
    form: FormState<SetConnector>,
) -> impl IntoView {
    let ConnectorsView { acting, kinds, .. } = view;
    let over = is_over(form, acting.stepped_up);
    let scope = named(&acting);
    let path = with_scope("/organization/connectors/new", scope);
    let of_kind = |kind: &KindView| {
        let more = if path.contains('?') { "&" } else { "?" };
        format!("{path}{more}kind={}", kind.word)
    };
    let chosen = kinds.iter().find(|one| Some(&one.word) == kind.as_ref()).cloned();
    let hint = tr!(organization.of, organization = acting.name.to_string());
    let current = usize::from(chosen.is_some());
    let inner = match chosen {
        _ if !acting.may_edit => {
            view! { <Notice tone=Tone::Plain>{tr!(connector.not_permitted)}</Notice> }.into_any()
        }
        None => {
            let lines = kinds
                .iter()
                .map(|kind| {
                    view! {
                        <li class="row">
                            <a class="list-link inline" href=of_kind(kind)>{kind.name.clone()}</a>
                            <Glyph icon=Icon::Forward class="size-4" />
                        </li>
                    }
                })
                .collect_view();
            view! {
                <h2>{tr!(connector.which)}</h2>
                <ul class="rows">{lines}</ul>
            }
            .into_any()
        }
        Some(kind) if acting.stepped_up => {
            let scope = acting.id.to_string();
            view! {
                <h2>{kind.name.clone()}</h2>
                <p class="hint mt-1 max-w-prose">{tr!(connector.tested_first)}</p>
                <Form form class="form mt-4 max-w-lg">
                    <input type="hidden" name="scope" value=scope />
                    <input type="hidden" name="kind" value=kind.word.clone() />
                    <Settings name=None asks=kind.asks values=Vec::new() secrets=Vec::new() />
                    <div class="flex flex-wrap gap-2">
                        <Submit label=tr!(connector.test_and_add) />
                        <a class="btn btn-ghost" href=path.clone()>{tr!(connector.other_kind)}</a>
                    </div>
                </Form>
            }
            .into_any()
        }
        Some(kind) => view! { <Prove proof next=of_kind(&kind) over /> }.into_any(),
    };
    view! {
        <a class="back" href=with_scope("/organization/connectors", scope)>
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(connector.title)}
        </a>
        <div class="mt-3"><PageTitle title=tr!(connector.new_title) hint=Some(hint) /></div>
        <Progress current />
        <div class="mt-6"><Panel>{inner}</Panel></div>
    }
}

/// The fields of a connector.
#[component]
pub fn Settings(
    /// What it is called, if it is there already.
    name: Option<String>,
    /// What its kind asks for.
    asks: Vec<AskedView>,
    /// What is set.
    values: Vec<(Setting, String)>,
    /// The secrets that are set.
    secrets: Vec<Setting>,
) -> impl IntoView {
    let mut values: BTreeMap<_, _> = values.into_iter().collect();
    let secrets: BTreeSet<_> = secrets.into_iter().collect();
    let fields = asks
        .into_iter()
        .map(|AskedView { field, optional, example }| {
            let value = values.remove(&field).unwrap_or_default();
            let kept = secrets.contains(&field);
            view! { <Asked field optional example value kept /> }
        })
        .collect_view();
    view! {
        <Field
            name="name"
            label=tr!(connector.name)
            hint=tr!(connector.name_hint)
            value=name.unwrap_or_default()
        />
        {fields}
    }
}

/// One of them.
#[component]
fn Asked(
    field: Setting,
    optional: bool,
    example: String,
    value: String,
    /// Whether a secret is there that stays when nothing is typed.
    kept: bool,
) -> impl IntoView {
    let (name, label) = (field.word(), said::field(field));
    let hints = [
        (!example.is_empty()).then(|| tr!(connector.example, example = example)),
        optional.then(|| tr!(connector.optional).to_owned()),
    ];
    let hint = hints.into_iter().flatten().collect::<Vec<_>>().join(" ");
    match field {
        Setting::Keys => {
            let options = KeyEffect::ALL
                .into_iter()
                .map(|keys| (keys.word().to_owned(), said::key_effect(keys).to_owned()))
                .collect();
            let chosen = if value.is_empty() { KeyEffect::NotKnown.word().into() } else { value };
            view! { <Choice name label options chosen /> }.into_any()
        }
        field if field.is_secret() => {
            let about = match field {
                Setting::ApiKey => "api-key-about",
                Setting::SigningSecret => "signing-secret-about",
                _ => "password-about",
            };
            let hint = if kept { tr!(connector.secret_kept) } else { tr!(connector.secret_hint) };
            view! {
                <div>
                    // Browsers that know a password of this site must not fill it in.
                    <PasswordField name label autocomplete="new-password" described_by=about />
                    <p class="hint mt-1.5" id=about>{hint}</p>
                </div>
            }
            .into_any()
        }
        _ if hint.is_empty() => view! { <Field name label value verbatim=true /> }.into_any(),
        _ => view! { <Field name label hint value verbatim=true /> }.into_any(),
    }
}
