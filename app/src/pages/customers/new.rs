//! `/customers/new`: a new customer.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    Refusal, account::Language, customer::NewCustomerView, id::OrganizationId, reset::Obstacle,
};

use crate::{
    api::{
        ApiError,
        care::{CreateCustomer, new_customer},
    },
    i18n::tr,
    ui::{
        field::{Choice, Field, Radio, RadioGroup, Tick},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Absent, Failed, Loading, Notice, Tone},
    },
    words,
};

/// The page.
#[component]
pub fn NewCustomer() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| {
        query.with(|query| query.get_str("scope")?.parse::<OrganizationId>().ok())
    });
    let form = use_form::<CreateCustomer>();
    let asked = Resource::new_blocking(move || scope.get(), new_customer);
    let page = move || {
        Suspend::new(async move {
            match asked.await {
                Ok(asked) => view! { <Fields asked form /> }.into_any(),
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error @ ApiError::Refused(Refusal::NotAllowed)) => {
                    view! { <Notice tone=Tone::Plain>{words::error(&error)}</Notice> }.into_any()
                }
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <div class="mx-auto max-w-xl">
            <a class="back" href="/customers">
                <Glyph icon=Icon::Back class="size-4" />
                {tr!(customers.title)}
            </a>
            <div class="panel mt-3 p-6 sm:p-8">
                <PageTitle title=tr!(new_customer.title) hint=Some(tr!(new_customer.hint).to_owned()) />
                <Transition fallback=Loading>{page}</Transition>
            </div>
        </div>
    }
}

#[component]
fn Fields(asked: NewCustomerView, form: FormState<CreateCustomer>) -> impl IntoView {
    let NewCustomerView {
        organizations,
        chosen,
        language,
        invitation_days,
        typed,
        generated,
        sends_mail,
    } = asked;
    let languages = Language::ALL.into_iter().map(|one| (one.tag(), one.own_name())).collect();
    let several = organizations.len() > 1;
    let organizations: Vec<(String, String)> = organizations
        .into_iter()
        .map(|scope| (scope.id.to_string(), words::scope_line(&scope)))
        .collect();
    let way = if sends_mail { "invitation" } else { "later" };
    view! {
        <Form form>
            {if several {
                view! {
                    <Choice
                        name="organization"
                        label=tr!(new_customer.organization)
                        options=organizations
                        chosen=chosen.to_string()
                    />
                }
                .into_any()
            } else {
                view! { <input type="hidden" name="organization" value=chosen.to_string() /> }.into_any()
            }}
            <Field name="name" label=tr!(new_customer.name) first=true />
            <Field name="email" label=tr!(new_customer.email) hint=tr!(new_customer.email_hint) verbatim=true />
            <Field name="company" label=tr!(new_customer.company) hint=tr!(new_customer.company_hint) />
            <Field
                name="reference"
                label=tr!(new_customer.reference)
                hint=tr!(new_customer.reference_hint)
                verbatim=true
            />
            <Field
                name="user_name"
                label=tr!(new_customer.user_name)
                hint=tr!(new_customer.user_name_hint)
                verbatim=true
            />
            <Choice name="language" label=tr!(common.language) options=languages chosen=language.tag() />
            <Tick name="allows_resets" label=tr!(new_customer.allows_resets) hint=tr!(new_customer.allows_resets_hint) />
            <RadioGroup name="first_password" label=tr!(new_customer.first_password)>
                <Radio
                    name="first_password"
                    value="invitation"
                    chosen=way
                    disabled=!sends_mail
                    label=tr!(new_customer.invitation)
                    hint=if sends_mail {
                        tr!(new_customer.invitation_hint, days = invitation_days)
                    } else {
                        words::obstacle(Obstacle::NoMail).to_owned()
                    }
                />
                <Radio
                    name="first_password"
                    value="typed"
                    chosen=way
                    disabled=typed.is_some()
                    label=tr!(new_customer.typed)
                    hint=typed.map_or(tr!(new_customer.typed_hint), words::obstacle)
                />
                <Radio
                    name="first_password"
                    value="generated"
                    chosen=way
                    disabled=generated.is_some()
                    label=tr!(new_customer.generated)
                    hint=generated.map_or(tr!(new_customer.generated_hint), words::obstacle)
                />
                <Radio
                    name="first_password"
                    value="later"
                    chosen=way
                    label=tr!(new_customer.later)
                    hint=tr!(new_customer.later_hint)
                />
            </RadioGroup>
            <Submit label=tr!(new_customer.submit) class="btn btn-primary w-full" />
        </Form>
    }
}
