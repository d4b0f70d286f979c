//! `/customers/{id}/delete`: proof of one's own password, what will happen, and the name typed to
//! confirm.

use leptos::prelude::*;
use model::{Refusal, customer::CustomerView};

use super::{prove::Prove, tabs::use_customer};
use crate::{
    api::{
        ApiError,
        care::{DeleteCustomer as Delete, view_deletion},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::Field,
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Absent, Failed, Loading},
    },
};

/// The page.
#[component]
pub fn DeleteCustomer() -> impl IntoView {
    let id = use_customer();
    let (proof, form) = (use_form::<StepUp>(), use_form::<Delete>());
    // A proof that was just given, or that has run out meanwhile, is looked at again.
    let proven = Memo::new(move |_| {
        let over = form.error() == Some(ApiError::Refused(Refusal::StepUp));
        (proof.done().then(|| proof.version()), over.then(|| form.version()))
    });
    let asked = Resource::new_blocking(
        move || (id.get(), proven.get()),
        |(id, _)| async move {
            match id {
                Some(id) => view_deletion(id).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        Suspend::new(async move {
            match asked.await {
                Ok((customer, proven)) => {
                    let over = form.error_now() == Some(ApiError::Refused(Refusal::StepUp));
                    if proven && over {
                        // With a fresh proof, what was said about the old one is over.
                        form.forget();
                    }
                    let next = format!("/customers/{}/delete", customer.id);
                    let back = format!("/customers/{}/account", customer.id);
                    let name = customer.name.to_string();
                    let hint = Some(tr!(desk.hint, name = name.clone()));
                    view! {
                        <a class="back" href=back>
                            <Glyph icon=Icon::Back class="size-4" />
                            {name}
                        </a>
                        <div class="panel mt-3 p-6 sm:p-8">
                            <PageTitle title=tr!(care.delete_title) hint />
                            {if proven {
                                view! { <Confirm customer form /> }.into_any()
                            } else {
                                view! { <Prove form=proof next over why=tr!(care.prove) /> }.into_any()
                            }}
                        </div>
                    }
                    .into_any()
                }
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <div class="mx-auto max-w-xl">
            <Transition fallback=Loading>{page}</Transition>
        </div>
    }
}

/// What will happen.
#[component]
fn Confirm(customer: CustomerView, form: FormState<Delete>) -> impl IntoView {
    let name = customer.name.to_string();
    let back = format!("/customers/{}/account", customer.id);
    view! {
        <p class="mt-5 text-sm font-medium">{tr!(care.delete_intro)}</p>
        <ul class="advice">
            <li>{tr!(care.delete_data, name = name.clone())}</li>
            <li>{tr!(care.delete_access)}</li>
            <li>{tr!(care.delete_audit)}</li>
            <li>{tr!(care.delete_again)}</li>
        </ul>
        <Form form>
            <input type="hidden" name="customer" value=customer.id.to_string() />
            <Field
                name="typed"
                label=tr!(care.delete_typed)
                hint=tr!(care.delete_typed_hint, name = name)
                verbatim=true
            />
            <Submit label=tr!(care.delete_submit) class="btn btn-error w-full" />
            <a class="btn btn-ghost w-full" href=back>{tr!(care.cancel)}</a>
        </Form>
    }
}
