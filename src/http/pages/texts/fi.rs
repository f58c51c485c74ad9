//! The pages in Finnish.

use super::*;

pub(super) static TEXTS: Texts = Texts {
    common: CommonTexts {
        skip: "Siirry sisältöön",
        banner: "PAIKALLINEN HIEKKALAATIKKO",
        banner_not: "tämä ei ole Kanta-palvelu",
        made_up: "Kaikki henkilöt ja tiedot ovat keksittyjä.",
        languages: "Kieli",
        rules_sandbox: "hiekkalaatikon säännöt",
        rules_client_test: "asiakastestin säännöt (jäljitelmä)",
        rules_production: "tuotannon säännöt (jäljitelmä)",
        tenant: |name| format!("testitila {name}"),
        identified: "Tunnistettu henkilö",
        switch: "Joku muu? Vaihda henkilöä",
        footer: "kanta-phr-sandbox toimii kehittäjän omalla koneella. Sillä ei ole yhteyttä oikeita palveluja \
                 ylläpitäviin viranomaisiin.",
    },
    identification: IdentificationTexts {
        eyebrow: "Testitunnistautuminen",
        title: "Kenenä haluat jatkaa?",
        sent_by: |application| format!("Sovellus {application} ohjasi sinut tänne tunnistautumaan."),
        lead: "Oikea palvelu varmistaisi, kuka olet. Täällä valitset jonkun keksityistä henkilöistä tai kirjoitat \
               hänen henkilötunnuksensa.",
        jump: "Kirjoita henkilötunnus itse",
        people: "Keksityt henkilöt",
        too_young: |age| format!("Alle {age}-vuotiaat"),
        too_young_note: "Palvelu ei päästä heitä sisään. Valitse joku heistä, kun haluat nähdä, miten sovelluksesi \
                         selviää siitä.",
        nobody: "Hiekkalaatikossa ei ole vielä ketään. Lisää henkilöitä ohjausrajapinnan kautta.",
        years: |age| format!("{age} v"),
        type_code: "Tai kirjoita tunnus",
        code: "Henkilötunnus",
        code_hint: "Muodossa PPKKVV-9NNT. Vain testitunnukset kelpaavat: yksilönumero on 900–999.",
        never_real: "Älä koskaan kirjoita oikean ihmisen tunnusta.",
        go_on: "Jatka",
        cancel: "Keskeytä ja palaa sovellukseen",
        leave: "Keskeytä",
        error_prefix: "Virhe",
        empty: "Kirjoita henkilötunnus tai valitse henkilö luettelosta.",
        malformed: "Tämä ei ole henkilötunnus. Siinä on kuusi numeroa, välimerkki, kolme numeroa ja tarkistusmerkki.",
        no_such_date: "Kuusi ensimmäistä numeroa eivät ole syntymäaika: sellaista päivää ei ole.",
        not_synthetic: "Hiekkalaatikko hyväksyy vain testitunnuksia. Niiden yksilönumero, välimerkkiä seuraavat kolme \
                        numeroa, on 900–999.",
        wrong_check_character: "Viimeinen merkki ei sovi muuhun tunnukseen. Tarkista, ettei siinä ole näppäilyvirhettä.",
        unknown_citizen: "Tunnus on oikean muotoinen, mutta sitä ei ole kenelläkään tässä hiekkalaatikossa. Valitse \
                          henkilö luettelosta tai lisää hänet ohjausrajapinnan kautta.",
        nothing_chosen: "Tätä henkilöä ei enää ole hiekkalaatikossa. Valitse joku toinen.",
        language_names: [
            ("fi", "suomi"),
            ("sv", "ruotsi"),
            ("en", "englanti"),
            ("se", "pohjoissaame"),
            ("ru", "venäjä"),
            ("et", "viro"),
            ("ar", "arabia"),
            ("so", "somali"),
        ],
    },
    attributes: AttributesTexts {
        title: "Nämä tiedot välitetään",
        lead: "Olet tunnistautunut. Jos jatkat, omatietovaranto saa sinusta seuraavat tiedot.",
        passed: "Mitä omatietovaranto saa",
        family_name: "Sukunimi",
        given_names: "Etunimet",
        birth_date: "Syntymäaika",
        not_to: |application| {
            format!(
                "Mitään näistä ei kerrota sovellukselle {application}: sovellukset tuntevat sinut vain pseudonyyminä."
            )
        },
        go_on: "Jatka palveluun",
        cancel: "Keskeytä",
    },
    terms: TermsTexts {
        eyebrow: "Omatietovarannon käyttöönotto",
        title: "Omatietovarannon käyttöehdot",
        version: |version| format!("Versio {version}"),
        lead: "Käytät omatietovarantoa ensimmäistä kertaa. Ennen kuin mikään sovellus voi tallentaa tai lukea tietoja, \
               pyydämme sinua hyväksymään nämä ehdot.",
        changed: |version| {
            format!(
                "Ehdot ovat muuttuneet siitä, kun hyväksyit version {version}. Ennen kuin jatkat, \
                                    pyydämme sinua hyväksymään uudet."
            )
        },
        lead_own: "Ennen kuin mitään tallennetaan, pyydämme sinua hyväksymään nämä ehdot.",
        waiting: |application| format!("Tämän jälkeen {application} pyytää sinulta käyttöoikeuksia."),
        sections: [
            Section {
                heading: "Mitä varten omatietovaranto on",
                body: "Omatietovarannossa säilytetään hyvinvointitietoja, joita keräät itse sovelluksilla tai käsin: \
                       mittaustuloksia, otettuja lääkkeitä ja vastauksia kyselyihin.",
            },
            Section {
                heading: "Sinä päätät, kuka tietosi näkee",
                body: "Sovellus lukee tai tallentaa tietoja vasta, kun olet antanut sille käyttöoikeudet. Voit \
                       katsoa oikeuksia ja perua ne milloin haluat: oikeassa palvelussa OmaKannassa, tässä \
                       hiekkalaatikossa omilla sivuillasi.",
            },
            Section {
                heading: "Oikeus koskee kaikkia samanlaisia tietoja",
                body: "Sovellus, joka saa lukea mittaustuloksia, saa lukea ne kaikki riippumatta siitä, mikä sovellus \
                       ne on tallentanut.",
            },
            Section {
                heading: "Sovellukset eivät saa tietää nimeäsi",
                body: "Sovellus tuntee sinut pseudonyymillä. Se ei saa omatietovarannosta nimeäsi eikä \
                       henkilötunnustasi.",
            },
            Section {
                heading: "Tämä on hiekkalaatikko",
                body: "Tiedot ovat vain tällä koneella ja voivat kadota, kun hiekkalaatikko tyhjennetään. Älä koskaan \
                       tallenna tänne mitään oikeasta ihmisestä.",
            },
        ],
        own_text: "Teksti on hiekkalaatikon oma, eikä se sido ketään. Oikealla palvelulla on omat ehtonsa.",
        after_refusal: "Jos et hyväksy ehtoja, palaat sovellukseen eikä mitään tallenneta.",
        after_refusal_own: "Jos et hyväksy ehtoja, voit katsella ja poistaa tietojasi mutta et lisätä niitä.",
        accept: "Hyväksyn ehdot",
        refuse: "En hyväksy",
    },
    consent: ConsentTexts {
        eyebrow: "Käyttöoikeudet",
        title: |application| format!("{application} pyytää käyttöoikeutta tietoihisi"),
        lead: "Sovellus haluaa käsitellä omatietovarantosi tietoja alla kuvatulla tavalla. Annat sille kaikki nämä \
               oikeudet tai et mitään niistä.",
        about: "Tietoa sovelluksesta",
        contact: "Yhteystiedot",
        home_page: "Verkkosivut",
        no_description: "Sovellus ei ole kertonut itsestään.",
        requested: "Mitä sovellus saisi tehdä",
        nothing_requested: "Sovellus ei pyydä lupaa lukea eikä tallentaa tietojasi.",
        accepting: |application| {
            format!("Kun annat käyttöoikeuden, myönnät nämä oikeudet seuraavalle sovellukselle: {application}.")
        },
        all_sources: "Oikeudet koskevat myös samanlaisia tietoja, jotka muut sovellukset ovat tallentaneet.",
        can_change: "Voit perua oikeudet myöhemmin: oikeassa palvelussa OmaKannassa, täällä omilla sivuillasi.",
        own_pages: "Omat sivusi",
        goes_back: "Valintasi jälkeen palaat sovellukseen.",
        goes_back_to: |host| format!("Valintasi jälkeen palaat sovellukseen osoitteessa {host}."),
        accept: "Anna käyttöoikeus",
        refuse: "Älä anna",
    },
    rights: RightsTexts {
        observation: RightTexts {
            title: "Mittaustulokset",
            hint: "esimerkiksi paino, verenpaine, verensokeri, askeleet",
            read: "hakea ja lukea mittaustuloksia",
            write: "tallentaa, muokata ja poistaa mittaustuloksia",
        },
        medication_administration: RightTexts {
            title: "Otetut lääkkeet",
            hint: "esimerkiksi insuliiniannokset",
            read: "hakea ja lukea tietoja otetuista lääkkeistä",
            write: "tallentaa, muokata ja poistaa tietoja otetuista lääkkeistä",
        },
        medication_statement: RightTexts {
            title: "Käytössä olevat lääkkeet",
            hint: "mitä kerrot käyttäväsi ja miten",
            read: "hakea ja lukea tietoja käytössä olevista lääkkeistä",
            write: "tallentaa, muokata ja poistaa tietoja käytössä olevista lääkkeistä",
        },
        care_plan: RightTexts {
            title: "Suunnitelmat",
            hint: "oman hyvinvointisi tavoitteet ja suunnitelmat",
            read: "hakea ja lukea suunnitelmia",
            write: "tallentaa, muokata ja poistaa suunnitelmia",
        },
        questionnaire: RightTexts {
            title: "Kyselyt",
            hint: "kysymykset ilman kenenkään vastauksia",
            read: "hakea ja lukea kyselyjä",
            write: "tallentaa, muokata ja poistaa kyselyjä",
        },
        questionnaire_response: RightTexts {
            title: "Vastaukset kyselyihin",
            hint: "mitä olet vastannut",
            read: "hakea ja lukea vastauksiasi",
            write: "tallentaa, muokata ja poistaa vastauksiasi",
        },
        patient: RightTexts {
            title: "Perustietosi",
            hint: "pseudonyymisi ja kielesi, ei nimeäsi",
            read: "lukea perustietojasi",
            write: "tallentaa, muokata ja poistaa perustietojasi",
        },
        other_type: |name| format!("Muut tiedot: {name}"),
        other_type_read: "hakea ja lukea näitä tietoja",
        other_type_write: "tallentaa, muokata ja poistaa näitä tietoja",
        part_only: "vain",
        part_and: " ja ",
        part_create: "tallentaa",
        part_read: "lukea",
        part_update: "muokata",
        part_delete: "poistaa",
        part_search: "hakea",
        other: "Muut oikeudet",
    },
    refusal: RefusalTexts {
        eyebrow: "Tämä ei onnistunut",
        check: "Tarkista nämä",
        for_developers: "Kehittäjälle",
        status: "HTTP-tila",
        rule: "Sääntö",
        reason: "Syy",
        retry: "Aloita alusta",
        client_missing: Incident {
            title: "Sovellus ei kertonut, mikä se on",
            happened: "Pyynnössä, joka toi sinut tänne, ei mainita sovellusta. Siksi emme tiedä, minne sinut \
                       palautettaisiin.",
            check: &["authorize-pyynnössä on parametri client_id."],
        },
        client_unknown: Incident {
            title: "Emme tunne tätä sovellusta",
            happened: "Sovellusta, joka ohjasi sinut tänne, ei ole rekisteröity tähän hiekkalaatikkoon. Sinua ei \
                       palauteta, koska kukaan ei takaa osoitetta.",
            check: &[
                "client_id on täsmälleen se, joka rekisteröitiin.",
                "Asiakasohjelma rekisteröitiin tähän testitilaan eikä hiekkalaatikkoa ole tyhjennetty sen jälkeen.",
            ],
        },
        client_not_allowed: Incident {
            title: "Sovellus ei saa tehdä tätä",
            happened: "Sovellus on rekisteröity, mutta sen pyytämä toiminto ei ole sille täällä avoinna.",
            check: &["Asiakasohjelman laji, grant-tyypit ja tila sopivat pyyntöön ja ympäristöön."],
        },
        redirect_missing: Incident {
            title: "Sovellus ei kertonut paluuosoitetta",
            happened: "Pyynnössä ei ole paluuosoitetta, eikä sovellus ole rekisteröinyt täsmälleen yhtä osoitetta.",
            check: &["authorize-pyynnössä on parametri redirect_uri."],
        },
        redirect_mismatch: Incident {
            title: "Paluuosoitetta ei ole rekisteröity",
            happened: "Sovellus pyysi ohjaamaan sinut osoitteeseen, jota se ei ole rekisteröinyt. Jäät tänne, koska \
                       muuten tietosi voisivat päätyä vieraalle.",
            check: &[
                "redirect_uri on merkki merkiltä sama kuin rekisteröity: protokolla, portti, polku ja loppukauttaviiva.",
                "Arvo on prosenttikoodattu kerran, ei kahdesti.",
            ],
        },
        bad_parameter: Incident {
            title: "Pyyntöä ei voi tulkita",
            happened: "Jokin pyynnön parametri on tyhjä, toistuu tai on väärän muotoinen.",
            check: &[
                "Mitään parametria ei lähetetä ilman arvoa; jätä se silloin pois.",
                "Jokainen parametri lähetetään kerran.",
            ],
        },
        form_expired: Incident {
            title: "Sivu on vanhentunut",
            happened: "Lomake lähetettiin kahdesti, se oli auki liian pitkään tai hiekkalaatikko tyhjennettiin välillä. \
                       Mitään ei muutettu.",
            check: &["Palaa sovellukseen ja aloita sieltä.", "Selain hyväksyy evästeet tästä osoitteesta."],
        },
        cookies_missing: Incident {
            title: "Evästeet ovat tarpeen",
            happened: "Hiekkalaatikko antoi selaimellesi evästeen, mutta selain ei palauttanut sitä. Ilman \
                       evästettä täällä ei voi tunnistautua. Mitään ei muutettu.",
            check: &["Selain hyväksyy evästeet tästä osoitteesta.", "Sivua ei näytetä toisen sivun sisällä."],
        },
        under_age: Incident {
            title: "Henkilö on liian nuori",
            happened: "Palvelu ei päästä sisään ikärajaa nuorempia, ja selaimessa on yhä tämän henkilön istunto.",
            check: &["Kirjaudu ulos tai sulje selain, niin voit jatkaa toisena henkilönä."],
        },
        not_found: Incident {
            title: "Täällä ei ole mitään",
            happened: "Hiekkalaatikossa ei ole sivua tässä osoitteessa.",
            check: &["Polku on kirjoitettu oikein ja siinä on testitilan etuliite, jos sellainen on."],
        },
        method_not_allowed: Incident {
            title: "Osoite ei vastaa näin",
            happened: "Sivu on olemassa, mutta ei tälle HTTP-metodille.",
            check: &["Metodi: sivut haetaan GET-metodilla ja lomakkeet lähetetään POST-metodilla."],
        },
        internal: Incident {
            title: "Hiekkalaatikko epäonnistui",
            happened: "Hiekkalaatikon sisällä meni jotakin vikaan. Syy ei ole sovelluksessasi.",
            check: &["Hiekkalaatikon loki kertoo lisää.", "Ilmoita virheestä; liitä mukaan loki ja pyyntö."],
        },
    },
    farewell: FarewellTexts {
        signed_out: "Olet kirjautunut ulos",
        signed_out_lead: "Seuraava käyttäjä tunnistautuu uudelleen. Voit sulkea tämän sivun.",
        done: "Valmista",
        done_lead: "Täällä ei ole enää tehtävää. Voit sulkea tämän sivun.",
        onward: "Jatka",
    },
    landing: LandingTexts {
        title: "Hiekkalaatikkosi on käynnissä",
        lead: "Kannan omatietovarannon paikallinen sijainen. Anna sovelluksellesi alla olevat osoitteet ja käytä \
               valmista asiakasohjelmaa ja keksittyjä henkilöitä.",
        version: |version| format!("versio {version}"),
        clock: |time| format!("kello {time}"),
        addresses: "Osoitteet",
        issuer: "Valtuutuspalvelin (issuer)",
        discovery: "Sen asetukset",
        stu3: "FHIR STU3, vaatii tokenin",
        r4: "FHIR R4, vaatii tokenin",
        open_stu3: "FHIR STU3, avoin",
        open_r4: "FHIR R4, avoin",
        control: "Ohjausrajapinta",
        open_api: "Ohjausrajapinta, OpenAPI",
        certificate: "Luotettava juurivarmenne",
        tester_ui: "Testaajan käyttöliittymä",
        citizen_pages: "Kansalaisen omat sivut",
        registration: "Sovellusten itsepalvelurekisteröinti",
        client: "Valmis asiakasohjelma",
        client_lead: "Jo rekisteröity. Salaisuus avaa vain tämän hiekkalaatikon.",
        client_name: "Nimi",
        redirect_uris: "Paluuosoitteet",
        scope: "Scopet",
        try_it: "Kokeile kulkua selaimessa",
        citizens: "Henkilöt",
        citizens_lead: "Tunnistaudu kenenä tahansa. Tunnukset ovat testitunnuksia; ne voi kirjoittaa tai lähettää \
                        parametrissa user_id.",
        curl: "Ensimmäinen kutsu",
        curl_lead: "Toimii sellaisenaan tämän koneen komentorivillä.",
        bases_apart: "STU3:lla ja R4:llä on samat henkilöt mutta eri tiedot: toisen kautta tallennettu näkyy vain siellä.",
    },
};
