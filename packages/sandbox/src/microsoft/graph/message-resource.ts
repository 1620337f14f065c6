import type { Attachment, Message } from '@microsoft/microsoft-graph-types'
import { decodeHeader } from '../../mime/headers.ts'
import type { ParsedMessage } from '../../mime/parse.ts'
import { snippetOf } from '../../mime/snippet.ts'
import { badRequest } from '../errors.ts'
import { changeKey, conversationId, conversationIndex, folderId } from '../mailbox/ids.ts'
import type { OutlookMailbox } from '../mailbox/outlook-mailbox.ts'
import type { OutlookAccount, StoredItem } from '../mailbox/types.ts'
import { attachmentParts, attachmentResource, hasAttachments } from '../message/attachments.ts'
import { bodyOf, uniqueBodyOf } from '../message/body.ts'
import { recipientsOf } from '../message/recipients.ts'
import type { Preferences } from '../odata/prefer.ts'
import { dig } from '../odata/query.ts'

/** A message seen by one request; the bytes are parsed when a property needs them. */
export interface View {
  mailbox: OutlookMailbox
  account: OutlookAccount
  item: StoredItem
  prefer: Preferences
  readonly parsed: ParsedMessage
}

export function viewOf(mailbox: OutlookMailbox, item: StoredItem, prefer: Preferences): View {
  return {
    mailbox,
    account: mailbox.account,
    item,
    prefer,
    get parsed() {
      return mailbox.parsed(item)
    },
  }
}

/** Graph gives mail whole seconds only. */
export function seconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

const PROPERTIES = {
  id: ({ mailbox, item, prefer }) => mailbox.wireId(item, prefer.immutableIds),
  createdDateTime: ({ item }) => seconds(item.created),
  lastModifiedDateTime: ({ item }) => seconds(item.modified),
  changeKey: ({ account, item }) => changeKey(account, item.change),
  categories: ({ item }) => [...item.categories],
  receivedDateTime: ({ item }) => seconds(item.date),
  sentDateTime: ({ item }) => seconds(item.sent),
  hasAttachments: ({ parsed }) => hasAttachments(parsed),
  internetMessageId: ({ item }) => item.index.messageId || `<${item.id}@outlook.sandbox.inlet.test>`,
  subject: ({ item }) => item.index.subject,
  bodyPreview: ({ parsed }) => snippetOf(parsed, 255),
  importance: ({ item }) => item.importance,
  parentFolderId: ({ mailbox, account, item }) => folderId(account, mailbox.folders.number(item.folder)),
  conversationId: ({ account, item }) => conversationId(account, item.threadId),
  conversationIndex: ({ item }) => conversationIndex(item),
  isDeliveryReceiptRequested: () => false,
  isReadReceiptRequested: () => false,
  isRead: ({ item }) => item.read,
  isDraft: ({ item }) => item.draft,
  webLink: ({ mailbox, item }) =>
    `https://outlook.office365.com/owa/?ItemID=${encodeURIComponent(mailbox.wireId(item, false))}&exvsurl=1&viewmodel=ReadMessageItem`,
  inferenceClassification: ({ item }) => (item.focused ? 'focused' : 'other'),
  body: ({ parsed, prefer }) => bodyOf(parsed, prefer),
  sender: ({ parsed }) => recipientsOf(parsed, 'sender')[0] ?? recipientsOf(parsed, 'from')[0] ?? null,
  from: ({ parsed }) => recipientsOf(parsed, 'from')[0] ?? null,
  toRecipients: ({ parsed }) => recipientsOf(parsed, 'to'),
  ccRecipients: ({ parsed }) => recipientsOf(parsed, 'cc'),
  bccRecipients: ({ parsed }) => recipientsOf(parsed, 'bcc'),
  replyTo: ({ parsed }) => recipientsOf(parsed, 'reply-to'),
  flag: ({ item }) => ({ flagStatus: item.flag }),
  uniqueBody: ({ parsed, prefer }) => uniqueBodyOf(parsed, prefer),
  internetMessageHeaders: ({ parsed }) =>
    parsed.root.headers.map(({ name, value }) => ({ name, value: decodeHeader(value) })),
} satisfies { [Name in keyof Message]?: (view: View) => Message[Name] }
type PropertyName = keyof typeof PROPERTIES

/** Shown only when selected by name. */
const ON_REQUEST: readonly PropertyName[] = ['uniqueBody', 'internetMessageHeaders']
const NAMES = Object.keys(PROPERTIES) as PropertyName[]
const DEFAULT = NAMES.filter(name => !ON_REQUEST.includes(name))

/** The names as Graph spells them; `id` is always there. */
export function readSelection(select: readonly string[] | null): readonly PropertyName[] {
  if (select === null || select.length === 0) return DEFAULT
  const names = select.map(
    wanted =>
      NAMES.find(name => name.toLowerCase() === wanted.toLowerCase()) ??
      badRequest(
        `Parsing OData Select and Expand failed: Could not find a property named '${wanted}' on type 'microsoft.graph.message'.`,
      ),
  )
  return [...new Set<PropertyName>(['id', ...names])]
}

export function messageResource(
  view: View,
  names: readonly PropertyName[],
  expand: readonly string[] = [],
): Message {
  const { account, item } = view
  const etag = { '@odata.etag': `W/"${changeKey(account, item.change)}"` }
  const body: Message = Object.fromEntries(names.map(name => [name, PROPERTIES[name](view)]))
  if (expand.includes('attachments')) body.attachments = attachmentsOf(view)
  return { ...etag, ...body }
}

function attachmentsOf(view: View): Attachment[] {
  const id = PROPERTIES.id(view)
  return attachmentParts(view.parsed).map(part =>
    attachmentResource(view.parsed, part, id, seconds(view.item.modified)),
  )
}

/** One property path for filtering and sorting. */
export function messageProperty(view: View, path: string): unknown {
  const [first = '', ...rest] = path.split('/')
  const name = NAMES.find(known => known.toLowerCase() === first.toLowerCase())
  if (name === undefined) {
    return badRequest(`Could not find a property named '${first}' on type 'microsoft.graph.message'.`)
  }
  const value: unknown = PROPERTIES[name](view)
  return rest.length === 0 ? value : dig(value, rest.join('/'))
}
