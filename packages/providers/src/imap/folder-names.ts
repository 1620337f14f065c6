/** What a folder is for, as far as IMAP knows (RFC 6154). */
export type FolderRole = 'inbox' | 'sent' | 'drafts' | 'trash' | 'spam' | 'archive'

/** SPECIAL-USE attributes, and what XLIST called them before there was a standard. */
const ATTRIBUTES: Readonly<Record<string, FolderRole>> = {
  '\\inbox': 'inbox',
  '\\sent': 'sent',
  '\\drafts': 'drafts',
  '\\trash': 'trash',
  '\\junk': 'spam',
  '\\spam': 'spam',
  '\\archive': 'archive',
}

/** Names that mail programs and servers give these folders, for servers that do not tell. */
const NAMES: Readonly<Record<Exclude<FolderRole, 'inbox'>, string>> = {
  sent: `sent | sent items | sent messages | sent mail | sent-mail | outbox sent | gesendet | gesendete elemente |
    gesendete objekte | gesendete nachrichten | postausgang gesendet | envoyés | messages envoyés | éléments envoyés |
    enviados | elementos enviados | mensajes enviados | enviadas | itens enviados | mensagens enviadas | inviati |
    inviata | posta inviata | elementi inviati | messaggi inviati | verzonden | verzonden items | verzonden berichten |
    wysłane | elementy wysłane | отправленные | надіслані | skickat | skickade | sända poster | sendt | sendte |
    sendt post | sendte elementer | lähetetyt | odeslané | odeslaná pošta | odoslané | elküldött | trimise |
    gönderilmiş | gönderilmiş öğeler | gönderilen | απεσταλμένα | 送信済み | 送信済みメール | 送信済みアイテム |
    已发送 | 已发送邮件 | 已傳送 | 寄件備份 | 보낸 편지함 | 보낸편지함`,
  drafts: `drafts | draft | entwürfe | entwurf | brouillons | brouillon | borradores | borrador | rascunhos |
    rascunho | bozze | bozza | concepten | kopie robocze | szkice | wersje robocze | черновики | чернетки | utkast |
    kladder | luonnokset | rozepsané | koncepty | piszkozatok | ciorne | taslaklar | πρόχειρα | 下書き | 草稿 |
    草稿箱 | 임시보관함 | 임시 보관함`,
  trash: `trash | deleted | deleted items | deleted messages | bin | gelöscht | gelöschte elemente |
    gelöschte objekte | gelöschte nachrichten | papierkorb | corbeille | éléments supprimés | messages supprimés |
    papelera | elementos eliminados | eliminados | lixeira | lixo | itens excluídos | itens eliminados | cestino |
    posta eliminata | elementi eliminati | prullenbak | verwijderde items | kosz | elementy usunięte | корзина |
    удалённые | удаленные | кошик | видалені | papperskorgen | borttaget | papirkurv | slettet post |
    slettede elementer | roskakori | poistetut | koš | odstraněná pošta | kôš | kuka | törölt elemek | coș de gunoi |
    çöp kutusu | silinmiş öğeler | κάδος απορριμμάτων | ごみ箱 | ゴミ箱 | 削除済みアイテム | 垃圾箱 | 已删除 |
    已删除邮件 | 垃圾桶 | 刪除的郵件 | 휴지통`,
  spam: `spam | junk | junk mail | junk e-mail | junk email | bulk mail | spamverdacht | unerwünscht |
    werbung und spam | indésirables | courrier indésirable | pourriel | correo no deseado | no deseado |
    correo basura | lixo eletrônico | lixo electrónico | posta indesiderata | ongewenst | ongewenste e-mail |
    ongewenste reclame | niechciane | wiadomości-śmieci | спам | нежелательная почта | небажана пошта | skräppost |
    uønsket post | søppelpost | roskaposti | nevyžádaná pošta | nevyžiadaná pošta | levélszemét | önemsiz |
    önemsiz e-posta | istenmeyen posta | ανεπιθύμητα | 迷惑メール | 垃圾邮件 | 垃圾郵件 | 스팸 | 스팸메일함 | 정크 메일`,
  archive: `archive | archives | archiv | archivo | archivos | archivio | archief | archiwum | архив | архів |
    arkiv | arkisto | arkivet | archív | archívum | arhivă | arşiv | αρχείο | アーカイブ | 归档 | 封存 | 보관함 | arquivo | arquivadas`,
}

const fold = (name: string): string => name.normalize('NFKC').trim().toLowerCase().replace(/\s+/g, ' ')

const BY_NAME: ReadonlyMap<string, FolderRole> = new Map(
  Object.entries(NAMES).flatMap(([role, names]) =>
    names.split('|').map(name => [fold(name), role as FolderRole] as const),
  ),
)

/** The role that the server itself gives a folder; null when it says nothing. */
export function roleOfFlags(flags: ReadonlySet<string>): FolderRole | null {
  for (const flag of flags) {
    const role = ATTRIBUTES[flag.toLowerCase()]
    if (role) return role
  }
  return null
}

/** The role that a folder's own name (without its parents) suggests. */
export function roleOfName(name: string): FolderRole | null {
  return BY_NAME.get(fold(name)) ?? null
}
