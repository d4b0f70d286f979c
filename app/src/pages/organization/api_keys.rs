//! `/organization/api`: which programs may use the API, with which keys.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    Moment,
    api_key::{KEY_DAYS, KeyMade, KeyRow, KeyState, KeysView},
    id::OrganizationId,
    permission::Permission,
};

use super::{Choices, Top, choices, done_of, failed, named, scope_of, with_scope};
use crate::{
    api::{
        api_keys::{MakeKey, RevokeKey, view_keys},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Field, RadioGroup, Tick},
        form::{Form, FormState, Submit, use_form},
        icon::Icon,
        panel::{Empty, Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
        time::Time,
    },
    words,
};

/// The page.
#[component]
pub fn ApiKeys() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let forms = Forms { proof: use_form(), make: use_form(), revoke: use_form() };
    let (proven, made, revoked) =
        (settled(forms.proof), settled(forms.make), settled(forms.revoke));
    let view = Resource::new_blocking(
        move || (scope.get(), proven.get(), made.get(), revoked.get()),
        |(scope, ..)| view_keys(scope),
    );
    let told = Memo::new(move |_| {
        let asked = || query.with(done_of).as_deref() == Some("revoked");
        let has_made = forms.make.outcome.with(Option::is_some);
        forms.revoke.outcome.with(|outcome| matches!(outcome, Some(Ok(_)))) || !has_made && asked()
    });
    let choices = choices();
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view forms told choices /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

/// Every form of the page.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    make: FormState<MakeKey>,
    revoke: FormState<RevokeKey>,
}

#[component]
fn Page(view: KeysView, forms: Forms, told: Memo<bool>, choices: Choices) -> impl IntoView {
    let KeysView { acting, keys, choices: permissions } = view;
    let over = is_over(forms.make, acting.stepped_up) | is_over(forms.revoke, acting.stepped_up);
    let next = with_scope("/organization/api", named(&acting));
    let organization = acting.id;
    let may_change = acting.may_edit && acting.stepped_up;
    let list = if keys.is_empty() {
        view! { <Empty icon=Icon::Key text=tr!(api_keys.empty) /> }.into_any()
    } else {
        let lines = keys
            .into_iter()
            .map(|key| view! { <Line key scope=organization may_change revoke=forms.revoke /> })
            .collect_view();
        view! { <ul class="rows mt-0">{lines}</ul> }.into_any()
    };
    let add = if !acting.may_edit {
        ().into_any()
    } else if acting.stepped_up {
        view! {
            <Panel title=tr!(api_keys.make_title) hint=tr!(api_keys.make_hint)>
                <Form form=forms.make emptied=true class="form mt-4 max-w-lg">
                    <input type="hidden" name="scope" value=organization.to_string() />
                    <Field name="name" label=tr!(api_keys.name) hint=tr!(api_keys.name_hint) />
                    <RadioGroup name="permissions" label=tr!(api_keys.permissions)>
                        {permissions
                            .into_iter()
                            .map(|permission| {
                                let (name, label) = (field(permission), words::key_permission(permission));
                                let ticked = permission == Permission::ReadCustomers;
                                view! { <Tick name label ticked /> }
                            })
                            .collect_view()}
                    </RadioGroup>
                    <Field
                        name="days"
                        label=tr!(api_keys.days)
                        hint=tr!(api_keys.days_hint)
                        value=KEY_DAYS.to_string()
                        keys="numeric"
                    />
                    <div><Submit label=tr!(api_keys.make) /></div>
                </Form>
            </Panel>
        }
        .into_any()
    } else {
        view! {
            <Panel title=tr!(api_keys.change_title)>
                <div class="mt-4"><Prove proof=forms.proof next over /></div>
            </Panel>
        }
        .into_any()
    };
    view! {
        <Top title=tr!(api_keys.title) acting choices />
        <p class="hint mt-2 max-w-prose">
            {tr!(api_keys.hint)} " "
            // Drawn by the server alone: no page of the application.
            <a class="link" href="/developers" rel="external">{tr!(api_keys.reference)}</a>
        </p>
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || told.get().then(|| view! { <Notice tone=Tone::Good>{tr!(api_keys.revoked_now)}</Notice> })}
                {move || match forms.make.outcome.get() {
                    Some(Ok(made)) => Some(view! { <Made made /> }),
                    _ => None,
                }}
            </div>
            <Panel>{list}</Panel>
            {add}
        </div>
    }
}

/// The form field of a permission.
fn field(permission: Permission) -> &'static str {
    match permission {
        Permission::EditCustomers => "edit_customers",
        Permission::SendLink => "send_link",
        Permission::ReadAudit => "read_audit",
        // The one that is left of those that keys are given.
        _ => "read_customers",
    }
}

/// A new key, to be copied now.
#[component]
fn Made(made: KeyMade) -> impl IntoView {
    view! {
        <Notice tone=Tone::Good>
            <p>{tr!(api_keys.made)}</p>
            <p class="mt-2 font-mono text-sm font-semibold wrap-anywhere select-all" id="api-key">
                {made.key}
            </p>
        </Notice>
    }
}

/// One key.
#[component]
fn Line(
    key: KeyRow,
    scope: OrganizationId,
    may_change: bool,
    revoke: FormState<RevokeKey>,
) -> impl IntoView {
    let works = key.state == KeyState::Works;
    let permissions: Vec<&str> =
        key.permissions.iter().map(|permission| words::key_permission(*permission)).collect();
    let (class, state) = match key.state {
        KeyState::Works => ("state state-ok", tr!(api_keys.works)),
        KeyState::Ended(end) => ("state state-quiet", words::key_end(end)),
    };
    let name = key.name.to_string();
    let button = (works && may_change).then(|| {
        let label = tr!(api_keys.revoke_which, key = name.clone());
        view! {
            <Form form=revoke class="shrink-0">
                <input type="hidden" name="key" value=key.id.to_string() />
                <input type="hidden" name="scope" value=scope.to_string() />
                <button type="submit" class="btn btn-sm" aria-label=label>{tr!(api_keys.revoke)}</button>
            </Form>
        }
    });
    let made = tr!(
        api_keys.made_by,
        name = key.made_by.to_string(),
        organization = key.organization.to_string()
    );
    view! {
        <li class="row flex-wrap sm:flex-nowrap" data-api-key>
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p class="font-medium wrap-anywhere">{name.clone()}</p>
                <p class="hint font-mono wrap-anywhere">{key.shown} "_…"</p>
                <p class="hint">{permissions.join(" · ")}</p>
                <p class="hint wrap-anywhere">{made}</p>
                <p class="hint">
                    {tr!(api_keys.expires)} " " <Time at=key.expires_at /> " · "
                    {used(key.last_used_at)}
                </p>
            </div>
            <p class="sm:w-36 sm:text-right"><span class=class>{state}</span></p>
            {button}
        </li>
    }
}

fn used(at: Option<Moment>) -> AnyView {
    match at {
        Some(at) => view! { {tr!(api_keys.last_used)} " " <Time at /> }.into_any(),
        None => tr!(api_keys.never_used).into_any(),
    }
}
