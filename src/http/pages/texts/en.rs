//! The pages in English.

use super::*;

pub(super) static TEXTS: Texts = Texts {
    common: CommonTexts {
        skip: "Skip to the content",
        banner: "LOCAL SANDBOX",
        banner_not: "not the Kanta services",
        made_up: "Every person and every record here is made up.",
        languages: "Language",
        rules_sandbox: "sandbox rules",
        rules_client_test: "client test rules (simulated)",
        rules_production: "production rules (simulated)",
        tenant: |name| format!("tenant {name}"),
        identified: "Identified as",
        switch: "Not you? Switch person",
        footer: "kanta-phr-sandbox runs on a developer’s own machine. It has nothing to do with the authorities who run \
                 the real services.",
    },
    identification: IdentificationTexts {
        eyebrow: "Test identification",
        title: "Who would you like to be?",
        sent_by: |application| format!("The application {application} sent you here to identify yourself."),
        lead: "The real service would check who you are. Here you pick one of the made-up people, or type the personal \
               identity code of one.",
        jump: "Type a personal identity code instead",
        people: "Made-up people",
        too_young: |age| format!("Under {age} years of age"),
        too_young_note: "The service does not let them in. Choose one to see how your application copes.",
        nobody: "There are no people in this sandbox yet. Add some through the control API.",
        years: |age| if age == 1 { String::from("1 year") } else { format!("{age} years") },
        type_code: "Or type a code",
        code: "Personal identity code",
        code_hint: "In the form DDMMYY-9NNC. Only test codes work: the individual number is 900–999.",
        never_real: "Never type a real person’s code.",
        go_on: "Continue",
        cancel: "Cancel and go back to the application",
        leave: "Cancel",
        error_prefix: "Error",
        empty: "Type a personal identity code, or pick a person from the list.",
        malformed: "That is not a personal identity code. It has six digits, a separator, three digits and a check \
                    character.",
        no_such_date: "The first six digits are not a date of birth: there is no such day.",
        not_synthetic: "The sandbox takes test codes only. Their individual number, the three digits after the \
                        separator, is 900–999.",
        wrong_check_character: "The last character does not match the rest of the code. Check for a typing mistake.",
        unknown_citizen: "The code is well formed, but nobody in this sandbox has it. Pick a person from the list, or \
                          add one through the control API.",
        nothing_chosen: "That person is no longer in the sandbox. Choose another one.",
        language_names: [
            ("fi", "Finnish"),
            ("sv", "Swedish"),
            ("en", "English"),
            ("se", "Northern Sámi"),
            ("ru", "Russian"),
            ("et", "Estonian"),
            ("ar", "Arabic"),
            ("so", "Somali"),
        ],
    },
    attributes: AttributesTexts {
        title: "This is passed on",
        lead: "You have identified yourself. If you go on, the PHR gets the following about you.",
        passed: "What the PHR gets",
        family_name: "Family name",
        given_names: "Given names",
        birth_date: "Date of birth",
        not_to: |application| {
            format!("None of this goes to {application}: applications know you by a pseudonym alone.")
        },
        go_on: "Continue to the service",
        cancel: "Cancel",
    },
    terms: TermsTexts {
        eyebrow: "Taking the PHR into use",
        title: "Terms of use of the PHR",
        version: |version| format!("Version {version}"),
        lead: "You are using the PHR for the first time. Before an application can store or read anything, we ask you \
               to accept these terms.",
        changed: |version| {
            format!(
                "The terms have changed since you accepted version {version}. Before you go on, we ask \
                                    you to accept the new ones."
            )
        },
        lead_own: "Before anything is stored, we ask you to accept these terms.",
        waiting: |application| format!("After this, {application} asks you for access rights."),
        sections: [
            Section {
                heading: "What the PHR is for",
                body: "The PHR keeps wellbeing data that you gather yourself, with applications or by hand: \
                       measurements, medicines taken, answers to questionnaires.",
            },
            Section {
                heading: "You decide who sees your data",
                body: "An application reads or stores data only after you have given it access rights. You \
                       can look at the rights and take them back whenever you like: in the real service in OmaKanta, \
                       in this sandbox on your own pages.",
            },
            Section {
                heading: "A right covers a whole kind of data",
                body: "An application that may read measurement results may read all of them, whichever application \
                       stored them.",
            },
            Section {
                heading: "Applications do not learn your name",
                body: "An application knows you by a pseudonym. It does not get your name or your personal identity \
                       code from the PHR.",
            },
            Section {
                heading: "This is a sandbox",
                body: "The data lives on this machine and may vanish when the sandbox is reset. Never store anything \
                       here about a real person.",
            },
        ],
        own_text: "This text is the sandbox’s own and binds nobody. The real service has terms of its own.",
        after_refusal: "If you do not accept, you go back to the application and nothing is stored.",
        after_refusal_own: "If you do not accept, you can look at your data and delete it, but not add any.",
        accept: "I accept the terms",
        refuse: "I do not accept",
    },
    consent: ConsentTexts {
        eyebrow: "Access rights",
        title: |application| format!("{application} asks for access to your data"),
        lead: "The application would like to process the data in your PHR as described here. You give all of these \
               rights or none of them.",
        about: "About the application",
        contact: "Contact",
        home_page: "Website",
        no_description: "The application has not described itself.",
        requested: "What it would be allowed to do",
        nothing_requested: "The application does not ask to read or store any of your data.",
        accepting: |application| format!("By giving access you grant these rights to {application}."),
        all_sources: "They also cover data of the same kind that other applications have stored.",
        can_change: "You can take the rights back later: in the real service in OmaKanta, here on your own pages.",
        own_pages: "Your own pages",
        goes_back: "After your choice you go back to the application.",
        goes_back_to: |host| format!("After your choice you go back to the application at {host}."),
        accept: "Give access",
        refuse: "Do not give access",
    },
    rights: RightsTexts {
        observation: RightTexts {
            title: "Measurement results",
            hint: "such as weight, blood pressure, blood glucose, steps",
            read: "search and read measurement results",
            write: "store, edit and delete measurement results",
        },
        medication_administration: RightTexts {
            title: "Medicines taken",
            hint: "such as insulin doses",
            read: "search and read medicines taken",
            write: "store, edit and delete medicines taken",
        },
        medication_statement: RightTexts {
            title: "Medicines in use",
            hint: "what you say you use, and how",
            read: "search and read medicines in use",
            write: "store, edit and delete medicines in use",
        },
        care_plan: RightTexts {
            title: "Plans",
            hint: "goals and plans for your own wellbeing",
            read: "search and read plans",
            write: "store, edit and delete plans",
        },
        questionnaire: RightTexts {
            title: "Questionnaires",
            hint: "the questions, without anyone’s answers",
            read: "search and read questionnaires",
            write: "store, edit and delete questionnaires",
        },
        questionnaire_response: RightTexts {
            title: "Answers to questionnaires",
            hint: "what you have answered",
            read: "search and read your answers",
            write: "store, edit and delete your answers",
        },
        patient: RightTexts {
            title: "Your basic details",
            hint: "your pseudonym and language, not your name",
            read: "read your basic details",
            write: "store, edit and delete your basic details",
        },
        other_type: |name| format!("Other data: {name}"),
        other_type_read: "search and read this data",
        other_type_write: "store, edit and delete this data",
        part_only: "only",
        part_and: " and ",
        part_create: "store",
        part_read: "read",
        part_update: "edit",
        part_delete: "delete",
        part_search: "search",
        other: "Other rights",
    },
    refusal: RefusalTexts {
        eyebrow: "This did not work",
        check: "What to check",
        for_developers: "For developers",
        status: "HTTP status",
        rule: "Rule",
        reason: "Reason",
        retry: "Start again",
        client_missing: Incident {
            title: "The application did not say who it is",
            happened: "The request that brought you here names no application, so there is nowhere to send you back to.",
            check: &["The authorize request carries the parameter client_id."],
        },
        client_unknown: Incident {
            title: "We do not know this application",
            happened: "The application that sent you here is not registered in this sandbox. You are not sent back, \
                       because nobody vouches for the address.",
            check: &[
                "client_id is exactly the one that was registered.",
                "The client was registered in this tenant, and the sandbox has not been reset since.",
            ],
        },
        client_not_allowed: Incident {
            title: "This application may not do that",
            happened: "The application is registered, but what it asked for is not open to it here.",
            check: &["The client’s kind, its grant types and its state fit the request and the environment."],
        },
        redirect_missing: Incident {
            title: "The application did not say where to send you back",
            happened: "The request has no return address, and the application has not registered exactly one.",
            check: &["The authorize request carries the parameter redirect_uri."],
        },
        redirect_mismatch: Incident {
            title: "The return address is not a registered one",
            happened: "The application asked to send you to an address that it has not registered. You stay here, \
                       because following it could hand your data to a stranger.",
            check: &[
                "redirect_uri equals a registered address character for character: scheme, port, path and closing slash.",
                "The value is percent-encoded once, not twice.",
            ],
        },
        bad_parameter: Incident {
            title: "The request cannot be understood",
            happened: "A parameter of the request is empty, repeated or malformed.",
            check: &["No parameter is sent without a value: leave it out instead.", "Every parameter is sent once."],
        },
        form_expired: Incident {
            title: "This page is out of date",
            happened: "The form was sent twice, lay open too long, or the sandbox was reset in between. Nothing was \
                       changed.",
            check: &[
                "Go back to the application and start from there.",
                "The browser accepts cookies from this address.",
            ],
        },
        cookies_missing: Incident {
            title: "Cookies are needed",
            happened: "The sandbox gave your browser a cookie, and the browser did not send it back. Without it \
                       nobody can sign in here. Nothing was changed.",
            check: &["The browser accepts cookies from this address.", "The page is not shown inside another page."],
        },
        under_age: Incident {
            title: "This person is too young",
            happened: "The service lets nobody in under the age limit, and the browser still holds this person’s \
                       session.",
            check: &["Sign out, or close the browser, to go on as somebody else."],
        },
        not_found: Incident {
            title: "There is nothing here",
            happened: "The sandbox has no page at this address.",
            check: &["The path is spelled right, with the tenant’s prefix if there is one."],
        },
        method_not_allowed: Incident {
            title: "This address does not answer that way",
            happened: "The page exists, but not for this HTTP method.",
            check: &["The method: pages are fetched with GET, forms are sent with POST."],
        },
        internal: Incident {
            title: "The sandbox failed",
            happened: "Something went wrong inside the sandbox. It is not your application’s fault.",
            check: &["The sandbox’s log tells more.", "Please report it, with the log and the request."],
        },
    },
    farewell: FarewellTexts {
        signed_out: "You are signed out",
        signed_out_lead: "The next person will have to identify again. You may close this page.",
        done: "All done",
        done_lead: "There is nothing more to do here. You may close this page.",
        onward: "Go on",
    },
    landing: LandingTexts {
        title: "Your sandbox is running",
        lead: "A local stand-in for Finland’s Kanta PHR. Point your application at the addresses below and use a \
               ready-made client and the made-up people.",
        version: |version| format!("version {version}"),
        clock: |time| format!("clock {time}"),
        addresses: "Addresses",
        issuer: "Authorization server (issuer)",
        discovery: "Its configuration",
        stu3: "FHIR STU3, token required",
        r4: "FHIR R4, token required",
        open_stu3: "FHIR STU3, open",
        open_r4: "FHIR R4, open",
        control: "Control API",
        open_api: "Control API as OpenAPI",
        certificate: "Root certificate to trust",
        tester_ui: "Tester UI",
        citizen_pages: "The citizen’s own pages",
        registration: "Self-service registration of applications",
        client: "A ready-made client",
        client_lead: "Registered already. The secret opens nothing but this sandbox.",
        client_name: "Name",
        redirect_uris: "Redirect URIs",
        scope: "Scopes",
        try_it: "Walk through the flow",
        citizens: "People",
        citizens_lead: "Identify as any of them. Their codes are test codes and can be typed or sent as user_id.",
        curl: "First call",
        curl_lead: "Works as it stands, in a terminal on this machine.",
        bases_apart: "STU3 and R4 share the people, not the records: what is stored on one base is seen on that base.",
    },
};
