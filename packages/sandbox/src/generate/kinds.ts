import type { Random } from '../random.ts'
import { PIXEL, pdf } from './files.ts'
import { type Entity, fileEntity, multipart, textEntity } from './mime-builder.ts'
import { NEWSLETTERS, person, SHOPS } from './people.ts'

export interface Draft {
  from: readonly [name: string, email: string]
  subject: string
  headers?: readonly (readonly [string, string])[]
  content: Entity
  labels: readonly string[]
  /** Of the headers; bodies declare their own. */
  charset?: string
}

type Maker = (random: Random, now: number) => Draft

const ITEMS = [
  'notebook, dotted',
  'M6 hex bolts (50)',
  'olive oil, 1 l',
  'inner tube 28"',
  'desk lamp',
  'fountain pen',
  'ground coffee, 500 g',
  'HDMI cable, 2 m',
]
const HEADLINES = [
  'What the harvest tells us',
  'Five small tools that stay',
  'The case for slower meetings',
  'A bridge, a ferry, a tunnel',
  'Reading the fine print',
  'Soup for a cold week',
]
const PARAGRAPH =
  'This week we looked at the things people keep rather than the things they buy. The answers were shorter than expected, and kinder.'

function money(random: Random): { amount: string; currency: string; shown: string } {
  const amount = (random.int(19_000) / 100 + 4).toFixed(2)
  const currency = random.pick(['EUR', 'USD', 'GBP'])
  return { amount, currency, shown: `${amount} ${currency}` }
}

function both(random: Random, text: string, html: string): Entity {
  return multipart('alternative', `alt-${random.hex(16)}`, [
    textEntity(text),
    textEntity(html, { type: 'text/html', encoding: random.chance(0.3) ? 'base64' : 'quoted-printable' }),
  ])
}

function ldJson(value: object): string {
  return `<script type="application/ld+json">${JSON.stringify({ '@context': 'http://schema.org', ...value })}</script>`
}

const receipt: Maker = (random, now) => {
  const [shop, email] = random.pick(SHOPS)
  const order = `${random.hex(4).toUpperCase()}-${random.int(90_000) + 10_000}`
  const { amount, currency, shown } = money(random)
  const item = random.pick(ITEMS)
  const ld = ldJson({
    '@type': 'Order',
    merchant: { '@type': 'Organization', name: shop },
    orderNumber: order,
    priceCurrency: currency,
    price: amount,
    acceptedOffer: {
      '@type': 'Offer',
      itemOffered: { '@type': 'Product', name: item },
      price: amount,
      priceCurrency: currency,
      eligibleQuantity: { '@type': 'QuantitativeValue', value: '1' },
    },
    orderStatus: 'http://schema.org/OrderProcessing',
    orderDate: new Date(now).toISOString(),
  })
  const text = `Thank you for your order ${order}.\n\n1 x ${item}\nTotal: ${shown}\n\n${shop}`
  const content = both(
    random,
    text,
    `<html><head>${ld}</head><body><h2>Thank you for your order</h2><p>Order ${order}</p><table><tr><td>1 × ${item}</td><td>${shown}</td></tr><tr><th>Total</th><th>${shown}</th></tr></table></body></html>`,
  )
  return {
    from: [shop, email],
    subject: `Your receipt from ${shop} (${order})`,
    content,
    labels: ['category_updates'],
  }
}

const invoice: Maker = (random, now) => {
  const [shop, email] = random.pick(SHOPS)
  const number = `INV-${random.int(9000) + 1000}`
  const { amount, currency, shown } = money(random)
  const due = new Date(now + 14 * 86_400_000).toISOString().slice(0, 10)
  const ld = ldJson({
    '@type': 'Invoice',
    provider: { '@type': 'Organization', name: shop },
    confirmationNumber: number,
    paymentDueDate: due,
    paymentStatus: 'PaymentDue',
    totalPaymentDue: { '@type': 'PriceSpecification', price: amount, priceCurrency: currency },
  })
  const text = `Please find invoice ${number} attached.\n\nAmount due: ${shown}\nDue date: ${due}\n`
  const body = both(
    random,
    text,
    `<html><head>${ld}</head><body><p>Please find invoice <b>${number}</b> attached.</p><p>Amount due: <b>${shown}</b> by ${due}</p></body></html>`,
  )
  const file = fileEntity(
    `${number}.pdf`,
    'application/pdf',
    pdf([shop, `Invoice ${number}`, `Amount due: ${shown}`, `Due: ${due}`]),
  )
  return {
    from: [`${shop} Billing`, email],
    subject: `Invoice ${number}: ${shown} due ${due}`,
    content: multipart('mixed', `mix-${random.hex(16)}`, [body, file]),
    labels: ['category_updates', 'important'],
  }
}

const newsletter: Maker = random => {
  const [name, email] = random.pick(NEWSLETTERS)
  const headline = random.pick(HEADLINES)
  const host = email.split('@')[1] ?? ''
  const image = `hero-${random.hex(8)}@${host}`
  const html = `<html><body style="font-family:Georgia,serif"><img src="cid:${image}" alt=""><h1>${headline}</h1><p>${PARAGRAPH}</p><p><a href="https://${host}/read/${random.hex(6)}">Read on</a></p><img src="https://${host}/open/${random.hex(10)}.gif" width="1" height="1"><p><small><a href="https://${host}/unsubscribe">Unsubscribe</a></small></p></body></html>`
  const related = multipart('related', `rel-${random.hex(16)}`, [
    textEntity(html, { type: 'text/html' }),
    fileEntity('hero.png', 'image/png', PIXEL, image),
  ])
  return {
    from: [name, email],
    subject: `${headline} · issue ${random.int(400) + 1}`,
    headers: [
      ['List-Id', `${name} <letter.${host}>`],
      ['List-Unsubscribe', `<https://${host}/unsubscribe/${random.hex(12)}>, <mailto:leave@${host}>`],
      ['List-Unsubscribe-Post', 'List-Unsubscribe=One-Click'],
      ['Precedence', 'bulk'],
    ],
    content: multipart('alternative', `alt-${random.hex(16)}`, [
      textEntity(`${headline}\n\n${PARAGRAPH}\n`),
      related,
    ]),
    labels: ['category_promotions'],
  }
}

const invitation: Maker = (random, now) => {
  const from = person(random)
  const start = new Date(Math.ceil(now / 3600_000) * 3600_000 + (1 + random.int(10)) * 86_400_000)
  const stamp = (date: Date): string => `${date.toISOString().replace(/[-:]/g, '').slice(0, 15)}Z`
  const title = random.pick(['Planning', 'Design review', 'Coffee', 'Handover', 'Retrospective'])
  const ics = [
    'BEGIN:VCALENDAR',
    'PRODID:-//Inlet sandbox//EN',
    'VERSION:2.0',
    'METHOD:REQUEST',
    'BEGIN:VEVENT',
    `UID:${random.hex(24)}@${from.email.split('@')[1]}`,
    `DTSTAMP:${stamp(new Date(now))}`,
    `DTSTART:${stamp(start)}`,
    `DTEND:${stamp(new Date(start.getTime() + 1800_000))}`,
    `SUMMARY:${title}`,
    `ORGANIZER:mailto:${from.email}`,
    'SEQUENCE:0',
    'STATUS:CONFIRMED',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n')
  const content = multipart('alternative', `alt-${random.hex(16)}`, [
    textEntity(`${from.name} invites you to "${title}" on ${start.toUTCString()}.\n`),
    textEntity(ics, { type: 'text/calendar; method=REQUEST', encoding: '8bit' }),
  ])
  return {
    from: [from.name, from.email],
    subject: `Invitation: ${title} @ ${start.toDateString()}`,
    content,
    labels: ['category_personal'],
  }
}

const social: Maker = random => {
  const who = person(random).name
  const what = random.pick([
    'sent you a connection request',
    'mentioned you in a comment',
    'endorsed you for patience',
    'shared an album with you',
  ])
  return {
    from: ['Plaza', 'notify@plaza.example'],
    subject: `${who} ${what}`,
    headers: [['Auto-Submitted', 'auto-generated']],
    content: both(
      random,
      `${who} ${what}.\n`,
      `<p><b>${who}</b> ${what}.</p><p><a href="https://plaza.example/n/${random.hex(8)}">Open Plaza</a></p>`,
    ),
    labels: ['category_social'],
  }
}

const FOREIGN = [
  [
    'koi8-r',
    'Анна Смирнова',
    'anna@pochta.example',
    'Встреча в понедельник',
    'Здравствуйте!\n\nНапоминаю о встрече в понедельник в десять часов.\n\nАнна',
  ],
  [
    'windows-1251',
    'Иван Петров',
    'ivan@pochta.example',
    'Счёт за октябрь',
    'Добрый день,\n\nотправляю счёт за октябрь.\n\nИван',
  ],
  [
    'iso-8859-1',
    'Jürgen Groß',
    'juergen@werkstatt.example',
    'Rückfrage zum Angebot',
    'Guten Tag,\n\nkönnten Sie das Angebot bis Freitag prüfen? Die Maße stimmen nicht.\n\nGrüße\nJürgen Groß',
  ],
  [
    'iso-8859-7',
    'Νίκος Παππάς',
    'nikos@taverna.example',
    'Κράτηση για το Σάββατο',
    'Καλημέρα,\n\nη κράτηση για το Σάββατο επιβεβαιώθηκε.\n\nΝίκος',
  ],
  [
    'windows-1252',
    'Éloïse Lefèvre',
    'eloise@atelier.example',
    'Devis signé – merci',
    'Bonjour,\n\nvoici le devis signé : 1 250 € comme convenu…\n\nÉloïse',
  ],
  [
    'utf-8',
    '佐藤 花子',
    'hanako@shoten.example',
    '打ち合わせの日程について',
    'お世話になっております。\n\n来週の打ち合わせは水曜日の午後でいかがでしょうか。\n\n佐藤',
  ],
] as const

const foreign: Maker = random => {
  const [charset, name, email, subject, text] = random.pick(FOREIGN)
  const encoding = random.pick(['8bit', 'quoted-printable', 'base64'] as const)
  return {
    from: [name, email],
    subject,
    charset,
    content: textEntity(text, { charset, encoding }),
    labels: ['category_personal'],
  }
}

const MAKERS: readonly Maker[] = [
  receipt,
  receipt,
  invoice,
  newsletter,
  newsletter,
  invitation,
  social,
  foreign,
]

/** Mail that nobody answers: receipts, invoices, newsletters, invitations, notifications, other scripts. */
export function standalone(random: Random, now: number): Draft {
  return random.pick(MAKERS)(random, now)
}
