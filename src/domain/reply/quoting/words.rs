//! The words by which mail programs and offices mark what is not the answer, in lower case. Facts only: what reads them
//! is in the files beside. More languages than the reader understands, as a carrier's program may speak any.

/// Verbs of "On … X wrote:".
pub(super) const WROTE: &[&str] = &[
    "wrote", "writes", "has written", "sent", "said", "napisao", "napisala", "napisao/la", "napisa", "napisao(la)",
    "napisao je", "napisala je", "pise", "piše", "piše/la", "je pisao", "je pisala", "написао", "написала",
    "написао/ла", "написа", "пише", "schrieb", "schrieben", "geschrieben", "hat geschrieben", "a écrit", "écrit",
    "ecrit", "a ecrit", "a envoyé", "ha scritto", "scritto", "scrive", "escribió", "escribio", "escribe", "ha escrito",
    "escreveu", "escreve", "va escriure", "ha escrit", "пишет", "написал", "написал(а)", "написала(а)", "написано",
    "пишете", "写道", "寫道", "写到", "寫到", "已写", "写", "寫", "写入", "написав", "написав(ла)", "написал/-а",
    "napisał", "napisała", "napisał(a)", "napisal(a)", "pisze", "nadesłał", "użytkownik", "napsal", "napsala",
    "napsal(a)", "napísal", "napísala", "napísal(a)", "písal", "je napisal", "je napisala", "je napisal/-a",
    "írta", "ezt írta", "írt", "schreef", "geschreven", "het volgende geschreven", "schrijft", "skrev", "skriver",
    "följande", "kirjoitti", "kirjoittaa", "yazdı", "yazmış", "şunları yazdı", "şunu yazdı", "έγραψε", "έγραψε:",
    "a scris", "scris", "đã viết", "のメッセージ", "さんは書きました", "が書きました", "書きました", "のメール", "님이 작성",
    "님이 작성하였습니다", "작성", "님이 쓴 글", "كتب", "كتبت", "نوشت", "כתב", "כתבה", "rakstīja", "rašė", "kirjutas",
    "menulis", "tulis", "เขียน", "ने लिखा", "skrifaði", "shkroi", "напиша", "напишал",
];

/// How such a line begins.
pub(super) const HEADLINE_STARTS: &[&str] = &[
    "on ", "am ", "an ", "den ", "dana ", "dne ", "dana: ", "u ", "у ", "дана ", "на ", "le ", "il ", "el ", "em ", "a ",
    "op ", "w dniu ", "dnia ", "pe ", "ti ", "ke ", "to ", "la ", "su ", "ma ", "på ", "il giorno ", "in data ", "no dia ",
    "în data ", "pe data ", "στις ", "vào ", "v ", "ve ", "pon", "uto", "sre", "sri", "čet", "cet", "pet", "sub", "ned",
    "пон", "уто", "сре", "чет", "пет", "суб", "нед", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "mon", "tue", "wed", "thu",
    "fri", "sat", "sun", "mo", "di", "mi", "do", "fr", "sa", "so", "lun", "mar", "mer", "jeu", "ven", "sam", "dim", "lör",
    "tor", "ons", "tir", "man", "mån", "tis", "fre", "søn", "lør", "sön", "po ", "út ", "st ", "čt ", "pá ", "so ", "ne ",
    "pt.", "śr", "czw", "sob", "niedz", "wt.", "lu", "ma", "gio", "sab", "dom", "mié", "jue", "vie", "sáb", "seg", "ter",
    "qua", "qui", "sex", "\"",
];

/// The words of the line between dashes.
pub(super) const ORIGINAL: &[&str] = &[
    "original message", "original email", "original mail", "reply message", "forwarded message", "forwarded by",
    "original appointment", "forwarded mail", "begin forwarded message", "end of forwarded message",
    "original-nachricht", "ursprüngliche nachricht", "originalnachricht", "ursprüngliche e-mail", "antwort nachricht",
    "weitergeleitete nachricht", "ursprungliche nachricht", "originalna poruka", "izvorna poruka", "prvobitna poruka",
    "originalna e-pošta", "izvirno sporočilo", "posredovano sporočilo", "оригинална порука", "изворна порука",
    "првобитна порука", "прослеђена порука", "prosleđena poruka", "prosledjena poruka", "proslijeđena poruka",
    "proslijedena poruka", "proslijeđeno", "message d'origine", "message d’origine", "message original",
    "message initial", "message transféré", "message forwardé", "e-mail d'origine", "courriel original",
    "messaggio originale", "messaggio inoltrato", "messaggio originario", "mensaje original", "mensaje reenviado",
    "correo original", "mensagem original", "mensagem encaminhada", "mensagem reencaminhada", "missatge original",
    "исходное сообщение", "пересылаемое сообщение", "оригинальное сообщение", "первоначальное сообщение",
    "пересланное сообщение", "конец пересылаемого сообщения", "вихідне повідомлення", "оригінальне повідомлення",
    "переслане повідомлення", "оригинално съобщение", "препратено съобщение", "原始邮件", "原始郵件", "原邮件", "原郵件",
    "原始信件", "原始消息", "转发的邮件", "轉寄的郵件", "转发邮件信息", "回复的原邮件", "转发的原邮件", "回复的邮件", "轉寄郵件",
    "oryginalna wiadomość", "wiadomość oryginalna", "wiadomość przekazana", "wiadomość przesłana dalej",
    "původní zpráva", "původní e-mail", "přeposlaná zpráva", "pôvodná správa", "preposlaná správa",
    "eredeti üzenet", "továbbított üzenet", "eredeti levél", "oorspronkelijk bericht", "originele bericht",
    "doorgestuurd bericht", "oorspronkelijke bericht", "ursprungligt meddelande", "originalmeddelande",
    "vidarebefordrat meddelande", "originalt meddelande", "oprindelig meddelelse", "oprindelig besked",
    "original meddelelse", "videresendt meddelelse", "videresendt besked", "opprinnelig melding",
    "videresendt melding", "opprinnelig e-post", "alkuperäinen viesti", "välitetty viesti", "edelleenlähetetty viesti",
    "özgün ileti", "orijinal mesaj", "özgün mesaj", "iletilmiş mesaj", "asıl ileti", "αρχικό μήνυμα",
    "προωθημένο μήνυμα", "mesaj original", "mesajul original", "mesaj inițial", "mesaj redirecționat", "元のメッセージ",
    "オリジナルメッセージ", "転送されたメッセージ", "転送メッセージ", "original message ", "원본 메시지", "원본 메일", "전달된 메시지",
    "원본메시지", "전달된 메일", "الرسالة الأصلية", "رسالة معاد توجيهها", "thư gốc", "tin nhắn gốc", "thư đã chuyển tiếp",
    "thư được chuyển tiếp", "pesan asli", "pesan terusan",
];

/// Lines that announce a forwarded mail without dashes.
pub(super) const FORWARDED: &[&str] = &[
    "begin forwarded message", "forwarded message", "start of forwarded message", "anfang der weitergeleiteten nachricht",
    "anfang der weitergeleiteten e-mail", "début du message transféré", "début du message réexpédié",
    "inizio messaggio inoltrato", "inicio del mensaje reenviado", "início da mensagem encaminhada",
    "início da mensagem reencaminhada", "начало переадресованного сообщения", "начало пересылаемого сообщения",
    "početak proslijeđene poruke", "početak prosleđene poruke", "почетак прослеђене поруке", "下面是被转发的邮件",
    "開始轉寄郵件", "开始转发的邮件", "начало препратеного писма", "początek przekazywanej wiadomości",
    "začátek přeposílané zprávy", "začiatok preposlanej správy", "továbbított levél kezdete", "begin doorgestuurd bericht",
    "vidarebefordrat brev", "videresendt besked", "start på videresendt melding", "välitetty viesti alkaa",
    "iletilmiş mesajın başlangıcı", "αρχή προωθημένου μηνύματος", "転送されたメッセージ", "전달된 메시지 시작",
];

/// Header lines by what they say: from, sent, to, subject, copies.
pub(super) const LABELS: [&[&str]; 5] = [
    &[
        "from", "od", "од", "von", "de", "da", "от", "发件人", "寄件者", "寄件人", "發件人", "van", "šalje", "salje", "шаље",
        "pošiljalac", "pošiljatelj", "posiljalac", "пошиљалац", "expéditeur", "mittente", "remitente", "отправитель",
        "від", "från", "fra", "lähettäjä", "kimden", "gönderen", "από", "de la", "odesílatel", "odosielateľ", "feladó",
        "差出人", "送信元", "보낸 사람", "보낸사람", "من", "từ", "người gửi", "dari", "reply-to", "absender", "nadawca",
    ],
    &[
        "sent", "date", "sent at", "date sent", "poslato", "poslano", "datum", "vreme", "послато", "послано", "датум",
        "време", "gesendet", "gesendet am", "datum und uhrzeit", "envoyé", "envoyé le", "envoye", "date d'envoi", "inviato",
        "data", "data invio", "enviado", "enviado el", "enviada em", "enviado em", "fecha", "отправлено", "дата",
        "отправлен", "надіслано", "изпратено", "发送时间", "发送日期", "发件时间", "寄件日期", "傳送日期", "發送時間", "日期", "时间", "時間",
        "verzonden", "verstuurd", "skickat", "sendt", "dato", "lähetetty", "päivämäärä", "päiväys", "gönderme tarihi",
        "tarih", "gönderildi", "στάλθηκε", "ημερομηνία", "trimis", "odesláno", "odoslané", "dátum", "dňa", "elküldve",
        "küldve", "wysłano", "wysłane", "送信日時", "日時", "보낸 날짜", "날짜", "보낸날짜", "تم الإرسال", "التاريخ",
        "تاريخ الإرسال", "đã gửi", "ngày", "ngày gửi", "tanggal", "poslané", "zeit",
    ],
    &[
        "to", "za", "за", "kome", "коме", "prima", "прима", "primatelj", "primalac", "an", "à", "a", "pour", "destinataire",
        "destinatario", "para", "кому", "до", "получатель", "收件人", "收件者", "aan", "till", "til", "vastaanottaja", "kime",
        "alıcı", "προς", "către", "komu", "címzett", "do", "宛先", "받는 사람", "받는사람", "إلى", "đến", "tới", "người nhận",
        "kepada", "empfänger",
    ],
    &[
        "subject", "predmet", "naslov", "tema", "предмет", "наслов", "тема", "betreff", "objet", "oggetto", "asunto",
        "assunto", "относно", "主题", "主旨", "主題", "标题", "標題", "onderwerp", "ämne", "emne", "aihe", "konu", "θέμα",
        "subiect", "předmět", "tárgy", "temat", "件名", "제목", "الموضوع", "chủ đề", "tiêu đề", "zadeva", "perihal",
    ],
    &[
        "cc", "kopija", "kopie", "копия", "копија", "копія", "抄送", "副本", "dw", "kopia", "kopi", "kópia", "másolat", "bilgi",
        "κοιν", "κοινοποίηση", "참조", "نسخة", "importance", "attachments", "anlagen", "wichtigkeit", "priorität", "reply to",
        "organization", "organisation", "tk", "vs", "cci", "bcc",
    ],
];

/// Marks of help desks: write above this line.
pub(super) const REPLY_MARKS: &[&str] = &[
    "please type your reply above this line", "type your reply above this line", "reply above this line",
    "please reply above this line", "write your reply above this line", "add your reply above this line",
    "reply above this line to respond", "please do not write below this line", "do not write below this line",
    "reply directly to this email above this line", "bitte geben sie ihre antwort über dieser zeile ein",
    "bitte antworten sie oberhalb dieser zeile", "bitte oberhalb dieser zeile antworten",
    "antworten sie oberhalb dieser zeile", "schreiben sie ihre antwort über diese zeile",
    "répondez au-dessus de cette ligne", "veuillez répondre au-dessus de cette ligne",
    "merci de répondre au-dessus de cette ligne", "veuillez saisir votre réponse au-dessus de cette ligne",
    "escriba su respuesta por encima de esta línea", "responda por encima de esta línea",
    "por favor, escriba su respuesta por encima de esta línea", "escribe tu respuesta por encima de esta línea",
    "rispondi sopra questa riga", "digita la risposta sopra questa riga", "scrivi la tua risposta sopra questa riga",
    "inserisci la tua risposta sopra questa riga", "ответьте над этой строкой", "введите ответ над этой строкой",
    "пожалуйста, введите ответ над этой строкой", "пишите ответ выше этой строки", "odgovorite iznad ove linije",
    "odgovor upišite iznad ove linije", "molimo odgovorite iznad ove linije", "molimo vas odgovorite iznad ove linije",
    "molimo odgovor upišite iznad ove linije", "одговорите изнад ове линије", "молимо одговорите изнад ове линије",
    "请在此行上方回复", "请在此行之上回复", "請在此行上方回覆", "請在此線上方回覆", "请在这行上方回复", "typ uw antwoord boven deze regel",
    "escreva sua resposta acima desta linha", "wpisz odpowiedź powyżej tej linii", "skriv ditt svar ovanför den här raden",
    "skriv dit svar over denne linje", "napište odpověď nad tento řádek",
];

/// How a line of a device or program begins.
pub(super) const DEVICES: &[&str] = &[
    "sent from my ", "sent from mobile", "sent from outlook", "sent from yahoo", "sent from mail for", "sent from proton",
    "sent from samsung", "sent from a ", "sent from the ", "sent from gmail", "sent from windows", "sent from typeapp",
    "sent from mailbox", "sent from bluemail", "sent from blackberry", "sent from nine", "sent from spark",
    "sent from airmail", "sent from acompli", "sent from aol", "sent using ", "sent via ", "sent with ", "sent wirelessly",
    "get outlook for", "get bluemail for", "download outlook for", "gesendet mit ", "von meinem ", "von meiner ",
    "gesendet von meinem", "gesendet von outlook", "gesendet von mail", "gesendet von yahoo", "gesendet von unterwegs",
    "diese nachricht wurde von meinem", "holen sie sich outlook", "outlook für ", "poslato sa mog", "poslato sa ", "poslato iz ",
    "poslano s mog", "poslano sa ", "poslano iz ", "poslano s ", "poslato preko ", "poslano putem ", "poslato putem ",
    "послато са ", "послато преко ", "послато из ", "preuzmite outlook", "nabavite outlook", "pošiljam s ",
    "envoyé de mon ", "envoyé depuis ", "envoyé à partir de ", "envoyé avec ", "envoyé sans fil", "envoyé via ",
    "envoyé de ma ", "télécharger outlook", "obtenez outlook", "inviato da ", "inviato dal ", "inviato con ", "scarica outlook",
    "ottieni outlook", "enviado desde ", "enviado con ", "enviado de meu", "enviado do meu", "enviado a partir do",
    "obtener outlook", "obter o outlook", "obtenha o outlook", "отправлено с ", "отправлено из ", "отправлено через",
    "надіслано з ", "изпратено от ", "скачать outlook", "получить outlook", "发自我的", "發自我的", "从我的", "從我的", "发自", "來自",
    "寄自", "傳送自", "从 ", "获取 outlook", "下载 outlook", "verzonden vanaf ", "verstuurd vanaf ", "verzonden met ",
    "verzonden via ", "download outlook voor", "outlook voor ", "wysłano z ", "wysłane z ", "pobierz outlook", "odesláno z ",
    "odoslané z ", "získat outlook", "získajte outlook", "poslano z ", "skickat från ", "hämta outlook", "sendt fra ",
    "hent outlook", "lähetetty ", "hanki outlook", "hanki outlookin", "az iphone-omról", "elküldve ", "küldve ",
    "iphone'umdan gönderildi", "στάλθηκε από ", "trimis de pe ", "trimis din ", "iphoneから送信", "나의 iphone", "iphone에서 보냄",
    "내 iphone", "được gửi từ ", "dikirim dari ", "أرسلت من ", "تم الإرسال من ", "outlook for ios", "outlook for android",
];

/// Device lines that have the name in the middle.
pub(super) const DEVICES_END: &[(&str, &str)] = &[
    ("von ", " gesendet"), ("aus ", " gesendet"), ("从", "发送"), ("从", "发出"), ("從", "傳送"), ("來自", "的郵件"), ("", "から送信"),
    ("", "에서 보냄"), ("", "'dan gönderildi"), ("", "'umdan gönderildi"), ("mit ", " gesendet"), ("diese e-mail wurde", " gesendet"),
];

/// Closings of a letter.
pub(super) const CLOSINGS: &[&str] = &[
    "best regards", "kind regards", "warm regards", "kindest regards", "warmest regards", "with best regards",
    "with kind regards", "many regards", "regards", "best wishes", "with best wishes", "best", "all the best", "cheers",
    "yours sincerely", "yours faithfully", "yours truly", "sincerely", "sincerely yours", "respectfully", "thanks",
    "many thanks", "thank you", "thanks and regards", "thanks & regards", "thank you and kind regards", "with thanks",
    "rgds", "br", "kr", "cordially", "take care", "have a nice day", "have a great day", "thx", "thanks in advance",
    "thank you in advance", "thanks again", "thank you very much",
    "s poštovanjem", "s postovanjem", "sa poštovanjem", "sa postovanjem", "s štovanjem", "s štovanjem", "uz poštovanje",
    "srdačan pozdrav", "srdacan pozdrav", "srdačno", "srdačan", "lep pozdrav", "lepo pozdravljeni", "lijep pozdrav",
    "lijepi pozdrav", "lep pozdrav i sve najbolje", "pozdrav", "pozdravi", "veliki pozdrav", "mnogo pozdrava", "puno pozdrava", "hvala",
    "hvala unapred", "unapred hvala", "hvala unaprijed", "unaprijed hvala", "hvala i pozdrav", "hvala puno", "hvala vam",
    "lp", "pozz", "sve najbolje", "prijatan dan", "ugodan dan", "želimo vam prijatan dan", "želim vam ugodan dan",
    "с поштовањем", "са поштовањем", "срдачан поздрав", "срдачно", "леп поздрав", "поздрав", "хвала", "унапред хвала",
    "mit freundlichen grüßen", "mit freundlichen grüssen", "mit freundlichen gruessen", "mit freundlichem gruß",
    "mit freundlichem gruss", "freundliche grüße", "freundliche grüsse", "mit besten grüßen", "mit besten grüssen",
    "beste grüße", "beste grüsse", "viele grüße", "viele grüsse", "viele gruesse", "liebe grüße", "liebe grüsse",
    "herzliche grüße", "herzliche grüsse", "schöne grüße", "schöne grüsse", "grüße", "gruß", "gruss", "hochachtungsvoll", "mfg", "vg", "lg",
    "vielen dank", "danke", "besten dank", "danke und gruß", "vielen dank und viele grüße", "vielen dank im voraus", "schönen tag", "beste gruesse", "freundlichen gruß",
    "cordialement", "bien cordialement", "très cordialement", "bien à vous", "sincèrement", "salutations", "meilleures salutations",
    "salutations distinguées", "sincères salutations", "bonne journée", "bonne soirée", "bonne réception", "merci", "merci d'avance",
    "merci beaucoup", "respectueusement", "amicalement", "cdt", "cdlt", "veuillez agréer", "je vous prie d'agréer",
    "cordiali saluti", "distinti saluti", "cordialmente", "un cordiale saluto", "un saluto", "saluti", "grazie", "grazie mille",
    "grazie in anticipo", "buona giornata", "buon lavoro", "con i migliori saluti", "migliori saluti", "i migliori saluti",
    "in fede", "saluti cordiali", "grazie e saluti", "grazie e cordiali saluti",
    "saludos", "un saludo", "saludos cordiales", "un cordial saludo", "cordiales saludos", "reciba un cordial saludo",
    "atentamente", "muy atentamente", "le saluda atentamente", "gracias", "muchas gracias", "muchas gracias y un saludo", "gracias de antemano", "que tenga un buen día", "gracias y saludos",
    "с уважением", "с наилучшими пожеланиями", "с наилучшими", "всего доброго", "всего хорошего", "спасибо", "заранее спасибо", "искренне ваш", "хорошего дня", "с почтением", "благодарю", "заранее благодарю",
    "з повагою", "з найкращими побажаннями", "дякую", "с уважение", "поздрави", "благодаря",
    "此致", "此致敬礼", "此致 敬礼", "敬礼", "敬禮", "谢谢", "謝謝", "祝好", "顺祝商祺", "順頌商祺", "顺颂商祺", "祝商祺", "祝您生活愉快", "順祝商祺", "敬上", "谨启", "谢谢您", "祝您愉快", "此致敬禮",
    "met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groet", "vriendelijke groeten", "hartelijke groeten", "hartelijke groet",
    "groeten", "groetjes", "groet", "bedankt", "alvast bedankt", "dank u", "dank u wel", "hoogachtend", "mvg", "met hartelijke groet", "met hartelijke groeten",
    "atenciosamente", "cumprimentos", "com os melhores cumprimentos", "melhores cumprimentos", "obrigado", "obrigada", "abraço", "abraços", "att", "muito obrigado", "com os meus cumprimentos",
    "z poważaniem", "z powazaniem", "pozdrawiam", "pozdrawiam serdecznie", "serdecznie pozdrawiam", "z wyrazami szacunku", "dziękuję", "dziekuje", "pozdrowienia", "z góry dziękuję", "łączę pozdrowienia", "miłego dnia",
    "s pozdravem", "s přátelským pozdravem", "s úctou", "děkuji", "děkujeme", "hezký den", "přeji hezký den", "s pozdravom", "s pozdravem a přáním hezkého dne", "ďakujem", "ďakujeme", "zdravím", "pěkný den", "předem děkuji", "s priateľským pozdravom",
    "lepo vas pozdravljam", "lep dan", "s spoštovanjem", "üdvözlettel", "tisztelettel", "köszönettel", "köszönöm", "üdv", "szép napot", "előre is köszönöm", "köszönjük",
    "med vänlig hälsning", "med vänliga hälsningar", "vänliga hälsningar", "vänlig hälsning", "hälsningar", "bästa hälsningar", "tack", "tack på förhand", "mvh",
    "med venlig hilsen", "venlig hilsen", "bedste hilsner", "de bedste hilsner", "hilsen", "venlige hilsner", "tak", "på forhånd tak", "dbh", "kh", "vh", "mange hilsner", "mange tak",
    "med vennlig hilsen", "vennlig hilsen", "med vennlige hilsener", "beste hilsener", "beste hilsen", "takk", "på forhånd takk", "hilsener",
    "ystävällisin terveisin", "terveisin", "parhain terveisin", "kiitos", "t.", "yst. terv.", "kiittäen", "kiitos etukäteen", "terveisiä",
    "saygılarımla", "saygılarımızla", "iyi günler", "iyi çalışmalar", "teşekkürler", "teşekkür ederim", "sevgiler", "şimdiden teşekkürler",
    "με εκτίμηση", "φιλικά", "ευχαριστώ", "ευχαριστούμε", "με φιλικούς χαιρετισμούς", "cu stimă", "cu stima", "cu respect", "mulțumesc", "multumesc", "toate cele bune", "o zi bună", "mulțumim", "vă mulțumesc",
    "よろしくお願いいたします", "よろしくお願いします", "宜しくお願い致します", "敬具", "以上", "何卒よろしくお願いいたします", "宜しくお願いいたします", "よろしくお願い致します", "以上、よろしくお願いいたします",
    "감사합니다", "고맙습니다", "안녕히 계세요", "수고하세요", "좋은 하루 되세요", "드림", "مع التحية", "مع أطيب التحيات", "تحياتي", "شكرا", "شكراً", "وتفضلوا بقبول فائق الاحترام",
    "trân trọng", "xin cảm ơn", "cảm ơn", "thân mến", "trân trọng cảm ơn", "kính thư",
];

/// Formulas that close a letter with a whole sentence, by their beginning.
pub(super) const FORMULAS: &[&str] = &[
    "veuillez agréer", "je vous prie d'agréer", "je vous prie d’agréer", "nous vous prions d'agréer", "nous vous prions d’agréer",
    "veuillez recevoir", "reciba un cordial saludo", "sin otro particular", "le saluda atentamente", "voglia gradire",
    "primite izraze", "примите изразе",
];

/// How thanks begin, which close a letter only above a name.
pub(super) const THANKS: &[&str] = &[
    "thank", "many thanks", "thx", "hvala", "unapred hvala", "unaprijed hvala", "хвала", "унапред хвала", "danke", "vielen dank", "besten dank",
    "merci", "grazie", "gracias", "muchas gracias", "спасибо", "заранее", "благодар", "дякую", "谢谢", "謝謝", "bedankt", "alvast", "dank u",
    "obrigad", "muito obrigad", "dziękuj", "z góry", "děkuj", "předem", "ďakuj", "kösz", "előre", "tack", "tak", "mange tak", "på forhånd", "takk",
    "kiitos", "teşekkür", "şimdiden", "ευχαριστ", "mulțum", "multum", "vă mulțum", "xin cảm", "cảm ơn", "شكر",
];

/// Words that close a letter only when nothing else stands on their line.
pub(super) const WEAK: &[&str] = &["best", "a", "t.", "kr", "br", "vs", "以上", "att", "tak", "tack", "best wishes"];

/// What may follow a closing on its line.
pub(super) const CLOSING_TAILS: &[&str] = &[
    "from", "from the team", "to you", "in advance", "again", "so much", "very much", "a lot", "and best regards",
    "and kind regards", "and regards", "i hvala", "i pozdrav", "aus berlin", "aus wien", "und vielen dank", "und danke",
    "et bonne journée", "et à bientôt", "e buona giornata", "e cordiali saluti", "y saludos", "y un saludo", "sehr",
    "und viele grüße", "und freundliche grüße", "und beste grüße", "i srdačan pozdrav", "i lep pozdrav", "i lijep pozdrav", "i pozdrav",
    "et cordialement", "d'avance", "en avance", "mille", "de antemano", "iz beograda", "敬礼", "敬禮",
];

/// Words of legal notices; one of them is enough.
pub(super) const NOTICES: &[&str] = &[
    "intended solely for", "intended only for", "solely intended for", "not the intended recipient", "not the named addressee",
    "received this e-mail in error", "received this email in error", "received this message in error", "received this communication in error",
    "received this transmission in error", "confidential and may be", "confidential and intended", "confidential or legally privileged",
    "confidential and/or", "privileged and confidential", "confidentiality notice", "are confidential and", "may contain confidential",
    "contains confidential", "legally privileged", "consider the environment before printing", "think before you print", "before printing this e", "virus-free. www", "scanned for viruses",
    "before you print", "this e-mail and any attachments", "this email and any attachments", "this message and any attachments",
    "namenjena isključivo", "isključivo namenjena", "namijenjena isključivo", "isključivo namijenjena", "namenjena je isključivo",
    "namijenjena je isključivo", "ukoliko niste primalac", "ako niste primalac", "ukoliko niste primatelj", "ako niste primatelj",
    "ukoliko niste osoba kojoj", "ako niste naznačeni", "niste naznačeni prima", "ako ste ovu poruku primili greškom", "ukoliko ste ovu poruku primili greškom",
    "ako ste greškom primili", "ukoliko ste greškom primili", "primili greškom", "primili pogreškom", "pogreškom primili", "greškom dobili", "ova poruka i svi prilozi",
    "ova elektronska poruka i", "ova elektronička poruka i", "ova e-mail poruka", "sadrži poverljive", "sadrži povjerljive", "sadržati poverljive", "sadržati povjerljive", "poverljive informacije", "povjerljive informacije",
    "ova poruka je poverljiva", "ova poruka je povjerljiva", "pre nego što odštampate", "prije nego što isprintate", "prije ispisa ove", "pre štampanja ove", "čuvajte prirodu", "sačuvajte okolinu", "mislite na okoliš", "mislite o okolišu",
    "намењена искључиво", "искључиво намењена", "намењена је искључиво", "ако нисте прималац", "уколико нисте прималац", "примили грешком", "грешком примили",
    "ова порука и сви прилози", "садржи поверљиве", "поверљиве информације", "садржати поверљиве",
    "ausschließlich für den", "ausschliesslich für den", "nur für den adressaten", "nur für den empfänger", "vertrauliche und/oder", "vertrauliche informationen", "enthält vertrauliche",
    "nicht der richtige adressat", "nicht der beabsichtigte empfänger", "nicht der vorgesehene", "irrtümlich erhalten", "irrtümlich zugegangen", "nicht der richtige empfänger", "diese e-mail irrtümlich", "an die umwelt, bevor", "vertraulich und ausschließlich", "vertraulich und nur für", "an die umwelt bevor",
    "destiné exclusivement", "destinés exclusivement", "exclusivement destiné", "strictement confidentiel", "message et toutes les pièces jointes", "message et ses pièces jointes", "ce courriel et ses pièces", "l'attention exclusive", "usage exclusif", "n'êtes pas le destinataire", "reçu ce message par erreur", "reçu par erreur", "reçu cet e-mail par erreur",
    "reçu ce courriel par erreur", "informations confidentielles", "avant d'imprimer", "sont confidentiels et",
    "esclusivamente al destinatario", "ad uso esclusivo", "uso esclusivo del destinatario", "destinate esclusivamente", "informazioni riservate", "informazioni confidenziali", "ricevuto questo messaggio per errore", "ricevuto per errore", "ricevuto la presente per errore", "abbiate ricevuto", "prima di stampare", "esclusivamente alle persone", "qualora non foste", "non siete i destinatari", "non è il destinatario", "avete ricevuto questo messaggio per errore",
    "dirigido exclusivamente", "exclusivamente a su destinatario", "exclusivamente al destinatario", "información confidencial", "recibido este mensaje por error", "recibido este correo por error", "recibe este mensaje por error", "si usted no es el destinatario", "si no es usted el destinatario", "antes de imprimir", "carácter confidencial", "uso exclusivo", "ha recibido este",
    "предназначено исключительно", "предназначена исключительно", "исключительно для адресата", "конфиденциальную информацию", "конфиденциальная информация", "является конфиденциальным", "являются конфиденциальными", "не являетесь адресатом", "не являетесь получателем", "получили это сообщение по ошибке", "получили его по ошибке", "получили данное сообщение по ошибке", "получили это письмо по ошибке", "прежде чем распечатать", "перед тем как распечатать",
    "本邮件及其附件", "本郵件及其附件", "本邮件含有", "本電子郵件", "仅供指定收件人", "仅限于发送给", "僅供指定收件人", "如果您不是预定", "如您不是", "如果您错收", "若您非", "如您错误", "误收", "誤收", "保密信息", "机密信息", "機密資訊", "保密義務", "环保", "含有保密",
    "uitsluitend bestemd voor", "ten onrechte ontvangen", "niet de geadresseerde", "exclusivamente ao destinatário", "recebeu esta mensagem por engano", "przeznaczona wyłącznie", "jest poufna", "otrzymali państwo tę wiadomość", "określena výhradně", "je určena výhradně", "důvěrné informace", "endast avsedd för", "avsett endast för", "fortrolige oplysninger", "udelukkende beregnet", "kun beregnet", "luottamuksellis", "kizárólag a címzett", "bizalmas", "gizli bilgi", "αποκλειστικά", "confidențial", "この電子メール", "本メールは", "이 메일은", "본 메일은",
];

/// How the first line of a notice begins, where its telling words come later.
pub(super) const NOTICE_STARTS: &[&str] = &[
    "confidential", "disclaimer", "privileged", "legal notice", "important notice", "this e-mail", "this email", "this message", "this communication", "the information contained", "the information in this", "the contents of this", "please consider the environment", "notice:", "caution:", "warning:",
    "ova poruka", "ova elektronska", "ova elektronička", "ovaj e-mail", "ovaj mejl", "ovaj imejl", "ovaj elektronski", "odricanje", "napomena:", "izjava o", "ова порука", "ова електронска", "овај имејл", "овај мејл", "напомена:", "upozorenje", "informacije sadržane", "informacije u ovoj", "poverljivo", "povjerljivo", "molimo razmislite", "molimo vas da pre",
    "diese e-mail", "diese nachricht", "der inhalt dieser", "wichtiger hinweis", "hinweis:", "haftungsausschluss", "vertraulich", "die information in dieser", "die in dieser", "bitte denken sie an die umwelt", "bitte prüfen sie",
    "ce message", "ce courriel", "cet e-mail", "cet email", "avertissement", "les informations contenues", "avis de confidentialité", "avis :", "pensez à", "questo messaggio", "questa e-mail", "questa mail", "le informazioni contenute", "avvertenza", "avviso", "informativa", "ai sensi",
    "este mensaje", "este correo", "este e-mail", "aviso", "la información contenida", "antes de imprimir", "confidencialidad", "это сообщение", "настоящее сообщение", "данное сообщение", "данное электронное", "это письмо", "информация, содержащаяся", "внимание", "конфиденциаль", "настоящее электронное",
    "本邮件", "本郵件", "本電子郵件", "此邮件", "此郵件", "此电子邮件", "免责声明", "免責聲明", "保密", "声明", "deze e-mail", "dit bericht", "esta mensagem", "este e-mail", "ta wiadomość", "niniejsza wiadomość", "tato zpráva", "tento e-mail", "detta meddelande", "detta e-post", "denne e-mail", "denne meddelelse", "denne e-posten", "tämä viesti", "ez az üzenet", "ez az e-mail", "bu e-posta", "bu mesaj", "το παρόν", "acest mesaj", "acest e-mail",
];

/// Words of the warning that a gateway puts on top.
pub(super) const WARNINGS: &[&str] = &[
    "originated from outside", "originates from outside", "email from outside", "external email", "external sender", "this message was sent from outside", "do not click links or open attachments", "[external]", "you don't often get email from", "you don't often get email", "learn why this is important",
    "externe e-mail", "diese e-mail stammt von außerhalb", "von einem externen absender", "expéditeur externe", "provient de l'extérieur", "e-mail esterna", "mittente esterno", "remitente externo", "correo externo", "внешний отправитель", "внешнее письмо", "poruka je poslata izvan", "poruka dolazi izvan", "spoljni pošiljalac", "vanjski pošiljatelj", "外部邮件", "外部郵件",
];
