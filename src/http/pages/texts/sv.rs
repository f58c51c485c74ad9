//! The pages in Swedish, as it is written in Finland.

use super::*;

pub(super) static TEXTS: Texts = Texts {
    common: CommonTexts {
        skip: "Gå till innehållet",
        banner: "LOKAL SANDLÅDA",
        banner_not: "det här är inte Kanta-tjänsterna",
        made_up: "Alla personer och uppgifter är påhittade.",
        languages: "Språk",
        rules_sandbox: "sandlådans regler",
        rules_client_test: "kundtestets regler (simulerade)",
        rules_production: "produktionens regler (simulerade)",
        tenant: |name| format!("testutrymme {name}"),
        identified: "Identifierad person",
        switch: "Inte du? Byt person",
        footer: "kanta-phr-sandbox körs på utvecklarens egen dator. Den har inget att göra med de myndigheter som \
                 driver de riktiga tjänsterna.",
    },
    identification: IdentificationTexts {
        eyebrow: "Testidentifiering",
        title: "Vem vill du fortsätta som?",
        sent_by: |application| format!("Applikationen {application} skickade dig hit för att identifiera dig."),
        lead: "Den riktiga tjänsten skulle kontrollera vem du är. Här väljer du en av de påhittade personerna eller \
               skriver personens personbeteckning.",
        jump: "Skriv en personbeteckning i stället",
        people: "Påhittade personer",
        too_young: |age| format!("Under {age} år"),
        too_young_note: "Tjänsten släpper inte in dem. Välj någon av dem för att se hur din applikation klarar det.",
        nobody: "Det finns ingen i sandlådan ännu. Lägg till personer via styrgränssnittet.",
        years: |age| format!("{age} år"),
        type_code: "Eller skriv en beteckning",
        code: "Personbeteckning",
        code_hint: "I formen DDMMÅÅ-9NNT. Bara testbeteckningar duger: individnumret är 900–999.",
        never_real: "Skriv aldrig en verklig persons beteckning.",
        go_on: "Fortsätt",
        cancel: "Avbryt och gå tillbaka till applikationen",
        leave: "Avbryt",
        error_prefix: "Fel",
        empty: "Skriv en personbeteckning eller välj en person i listan.",
        malformed: "Det här är inte en personbeteckning. Den har sex siffror, ett skiljetecken, tre siffror och ett \
                    kontrolltecken.",
        no_such_date: "De sex första siffrorna är inte ett födelsedatum: en sådan dag finns inte.",
        not_synthetic: "Sandlådan godtar bara testbeteckningar. Deras individnummer, de tre siffrorna efter \
                        skiljetecknet, är 900–999.",
        wrong_check_character: "Det sista tecknet stämmer inte med resten av beteckningen. Kontrollera att du inte \
                                har skrivit fel.",
        unknown_citizen: "Beteckningen har rätt form, men ingen i den här sandlådan har den. Välj en person i listan \
                          eller lägg till personen via styrgränssnittet.",
        nothing_chosen: "Personen finns inte längre i sandlådan. Välj någon annan.",
        language_names: [
            ("fi", "finska"),
            ("sv", "svenska"),
            ("en", "engelska"),
            ("se", "nordsamiska"),
            ("ru", "ryska"),
            ("et", "estniska"),
            ("ar", "arabiska"),
            ("so", "somaliska"),
        ],
    },
    attributes: AttributesTexts {
        title: "De här uppgifterna förmedlas",
        lead: "Du har identifierat dig. Om du fortsätter får datalagret följande uppgifter om dig.",
        passed: "Vad datalagret får",
        family_name: "Efternamn",
        given_names: "Förnamn",
        birth_date: "Födelsedatum",
        not_to: |application| {
            format!("Inget av detta går till {application}: applikationer känner dig bara under en pseudonym.")
        },
        go_on: "Fortsätt till tjänsten",
        cancel: "Avbryt",
    },
    terms: TermsTexts {
        eyebrow: "Ibruktagande av datalagret för egna uppgifter",
        title: "Användarvillkor för datalagret för egna uppgifter",
        version: |version| format!("Version {version}"),
        lead: "Du använder datalagret för egna uppgifter för första gången. Innan någon applikation kan spara eller \
               läsa uppgifter ber vi dig godkänna de här villkoren.",
        changed: |version| {
            format!(
                "Villkoren har ändrats sedan du godkände version {version}. Innan du går vidare ber vi \
                                    dig godkänna de nya."
            )
        },
        lead_own: "Innan något sparas ber vi dig godkänna de här villkoren.",
        waiting: |application| format!("Efter detta ber {application} dig om åtkomsträtter."),
        sections: [
            Section {
                heading: "Vad datalagret är till för",
                body: "I datalagret för egna uppgifter finns uppgifter om välbefinnande som du själv samlar in med \
                       applikationer eller för hand: mätresultat, intagna läkemedel och svar på frågeformulär.",
            },
            Section {
                heading: "Du bestämmer vem som ser dina uppgifter",
                body: "En applikation läser eller sparar uppgifter först när du har gett den åtkomsträtter. Du \
                       kan se på rättigheterna och ta tillbaka dem när du vill: i den riktiga tjänsten i MittKanta, i \
                       den här sandlådan på dina egna sidor.",
            },
            Section {
                heading: "En rättighet gäller alla uppgifter av samma slag",
                body: "En applikation som får läsa mätresultat får läsa alla, oavsett vilken applikation som har \
                       sparat dem.",
            },
            Section {
                heading: "Applikationerna får inte veta vad du heter",
                body: "En applikation känner dig under en pseudonym. Den får varken ditt namn eller din \
                       personbeteckning från datalagret.",
            },
            Section {
                heading: "Det här är en sandlåda",
                body: "Uppgifterna finns bara på den här datorn och kan försvinna när sandlådan töms. Spara aldrig \
                       något här om en verklig person.",
            },
        ],
        own_text: "Texten är sandlådans egen och binder ingen. Den riktiga tjänsten har sina egna villkor.",
        after_refusal: "Om du inte godkänner villkoren går du tillbaka till applikationen och inget sparas.",
        after_refusal_own: "Om du inte godkänner villkoren kan du se på och radera dina uppgifter men inte lägga till några.",
        accept: "Jag godkänner villkoren",
        refuse: "Jag godkänner inte",
    },
    consent: ConsentTexts {
        eyebrow: "Åtkomsträtter",
        title: |application| format!("{application} ber om åtkomst till dina uppgifter"),
        lead: "Applikationen vill behandla uppgifterna i ditt datalager för egna uppgifter så som beskrivs här. Du ger \
               den alla de här rättigheterna eller ingen av dem.",
        about: "Om applikationen",
        contact: "Kontakt",
        home_page: "Webbplats",
        no_description: "Applikationen har inte beskrivit sig själv.",
        requested: "Vad applikationen skulle få göra",
        nothing_requested: "Applikationen ber inte om att få läsa eller spara några av dina uppgifter.",
        accepting: |application| format!("När du ger åtkomst beviljar du {application} de här rättigheterna."),
        all_sources: "De gäller också uppgifter av samma slag som andra applikationer har sparat.",
        can_change: "Du kan ta tillbaka rättigheterna senare: i den riktiga tjänsten i MittKanta, här på dina egna sidor.",
        own_pages: "Dina egna sidor",
        goes_back: "Efter ditt val går du tillbaka till applikationen.",
        goes_back_to: |host| format!("Efter ditt val går du tillbaka till applikationen på {host}."),
        accept: "Ge åtkomst",
        refuse: "Ge inte åtkomst",
    },
    rights: RightsTexts {
        observation: RightTexts {
            title: "Mätresultat",
            hint: "till exempel vikt, blodtryck, blodsocker, steg",
            read: "söka och läsa mätresultat",
            write: "spara, ändra och radera mätresultat",
        },
        medication_administration: RightTexts {
            title: "Intagna läkemedel",
            hint: "till exempel insulindoser",
            read: "söka och läsa uppgifter om intagna läkemedel",
            write: "spara, ändra och radera uppgifter om intagna läkemedel",
        },
        medication_statement: RightTexts {
            title: "Läkemedel i bruk",
            hint: "vad du säger att du använder och hur",
            read: "söka och läsa uppgifter om läkemedel i bruk",
            write: "spara, ändra och radera uppgifter om läkemedel i bruk",
        },
        care_plan: RightTexts {
            title: "Planer",
            hint: "mål och planer för ditt eget välbefinnande",
            read: "söka och läsa planer",
            write: "spara, ändra och radera planer",
        },
        questionnaire: RightTexts {
            title: "Frågeformulär",
            hint: "frågorna, utan någons svar",
            read: "söka och läsa frågeformulär",
            write: "spara, ändra och radera frågeformulär",
        },
        questionnaire_response: RightTexts {
            title: "Svar på frågeformulär",
            hint: "vad du har svarat",
            read: "söka och läsa dina svar",
            write: "spara, ändra och radera dina svar",
        },
        patient: RightTexts {
            title: "Dina grunduppgifter",
            hint: "din pseudonym och ditt språk, inte ditt namn",
            read: "läsa dina grunduppgifter",
            write: "spara, ändra och radera dina grunduppgifter",
        },
        other_type: |name| format!("Andra uppgifter: {name}"),
        other_type_read: "söka och läsa dessa uppgifter",
        other_type_write: "spara, ändra och radera dessa uppgifter",
        part_only: "bara",
        part_and: " och ",
        part_create: "spara",
        part_read: "läsa",
        part_update: "ändra",
        part_delete: "radera",
        part_search: "söka",
        other: "Andra rättigheter",
    },
    refusal: RefusalTexts {
        eyebrow: "Det här lyckades inte",
        check: "Kontrollera detta",
        for_developers: "För utvecklare",
        status: "HTTP-status",
        rule: "Regel",
        reason: "Orsak",
        retry: "Börja om",
        client_missing: Incident {
            title: "Applikationen sade inte vem den är",
            happened: "Begäran som förde dig hit nämner ingen applikation. Därför vet vi inte vart du ska skickas \
                       tillbaka.",
            check: &["authorize-begäran har parametern client_id."],
        },
        client_unknown: Incident {
            title: "Vi känner inte till applikationen",
            happened: "Applikationen som skickade dig hit är inte registrerad i den här sandlådan. Du skickas inte \
                       tillbaka, eftersom ingen går i god för adressen.",
            check: &[
                "client_id är exakt den som registrerades.",
                "Klienten registrerades i det här testutrymmet och sandlådan har inte tömts sedan dess.",
            ],
        },
        client_not_allowed: Incident {
            title: "Applikationen får inte göra detta",
            happened: "Applikationen är registrerad, men det den bad om är inte öppet för den här.",
            check: &["Klientens typ, grant-typer och tillstånd passar begäran och miljön."],
        },
        redirect_missing: Incident {
            title: "Applikationen uppgav ingen returadress",
            happened: "Begäran saknar returadress, och applikationen har inte registrerat exakt en adress.",
            check: &["authorize-begäran har parametern redirect_uri."],
        },
        redirect_mismatch: Incident {
            title: "Returadressen är inte registrerad",
            happened: "Applikationen bad att få skicka dig till en adress som den inte har registrerat. Du stannar \
                       här, eftersom dina uppgifter annars kunde hamna hos en utomstående.",
            check: &[
                "redirect_uri är tecken för tecken lika med en registrerad adress: protokoll, port, sökväg och \
                 avslutande snedstreck.",
                "Värdet är procentkodat en gång, inte två.",
            ],
        },
        bad_parameter: Incident {
            title: "Begäran går inte att förstå",
            happened: "Någon av begärans parametrar är tom, upprepas eller har fel form.",
            check: &["Ingen parameter skickas utan värde; utelämna den i så fall.", "Varje parameter skickas en gång."],
        },
        form_expired: Incident {
            title: "Sidan är föråldrad",
            happened: "Formuläret skickades två gånger, var öppet för länge eller så tömdes sandlådan emellan. Inget \
                       ändrades.",
            check: &[
                "Gå tillbaka till applikationen och börja därifrån.",
                "Webbläsaren godtar kakor från den här adressen.",
            ],
        },
        cookies_missing: Incident {
            title: "Kakor behövs",
            happened: "Sandlådan gav din webbläsare en kaka, men webbläsaren skickade inte tillbaka den. Utan kakan \
                       kan ingen identifiera sig här. Inget ändrades.",
            check: &["Webbläsaren godkänner kakor från den här adressen.", "Sidan visas inte inuti en annan sida."],
        },
        under_age: Incident {
            title: "Personen är för ung",
            happened: "Tjänsten släpper inte in någon under åldersgränsen, och webbläsaren har kvar personens session.",
            check: &["Logga ut eller stäng webbläsaren för att fortsätta som någon annan."],
        },
        not_found: Incident {
            title: "Här finns inget",
            happened: "Sandlådan har ingen sida på den här adressen.",
            check: &["Sökvägen är rätt skriven och har testutrymmets prefix, om det finns ett."],
        },
        method_not_allowed: Incident {
            title: "Adressen svarar inte på det sättet",
            happened: "Sidan finns, men inte för den här HTTP-metoden.",
            check: &["Metoden: sidor hämtas med GET, formulär skickas med POST."],
        },
        internal: Incident {
            title: "Sandlådan misslyckades",
            happened: "Något gick fel inne i sandlådan. Felet ligger inte i din applikation.",
            check: &["Sandlådans logg berättar mer.", "Anmäl felet och bifoga loggen och begäran."],
        },
    },
    farewell: FarewellTexts {
        signed_out: "Du har loggat ut",
        signed_out_lead: "Nästa användare identifierar sig på nytt. Du kan stänga den här sidan.",
        done: "Klart",
        done_lead: "Det finns inget mer att göra här. Du kan stänga den här sidan.",
        onward: "Fortsätt",
    },
    landing: LandingTexts {
        title: "Din sandlåda är i gång",
        lead: "En lokal ersättare för Kantas datalager för egna uppgifter. Ge din applikation adresserna nedan och \
               använd den färdiga klienten och de påhittade personerna.",
        version: |version| format!("version {version}"),
        clock: |time| format!("klocka {time}"),
        addresses: "Adresser",
        issuer: "Auktoriseringsserver (issuer)",
        discovery: "Dess konfiguration",
        stu3: "FHIR STU3, kräver token",
        r4: "FHIR R4, kräver token",
        open_stu3: "FHIR STU3, öppen",
        open_r4: "FHIR R4, öppen",
        control: "Styrgränssnitt",
        open_api: "Styrgränssnittet som OpenAPI",
        certificate: "Rotcertifikat att lita på",
        tester_ui: "Testarens gränssnitt",
        citizen_pages: "Medborgarens egna sidor",
        registration: "Registrering av applikationer som självbetjäning",
        client: "En färdig klient",
        client_lead: "Redan registrerad. Hemligheten öppnar bara den här sandlådan.",
        client_name: "Namn",
        redirect_uris: "Returadresser",
        scope: "Scope",
        try_it: "Pröva flödet i webbläsaren",
        citizens: "Personer",
        citizens_lead: "Identifiera dig som vem som helst av dem. Beteckningarna är testbeteckningar; de kan skrivas \
                        eller skickas i parametern user_id.",
        curl: "Första anropet",
        curl_lead: "Fungerar som det är i en terminal på den här datorn.",
        bases_apart: "STU3 och R4 har samma personer men egna uppgifter: det som sparas på den ena syns bara där.",
    },
};
