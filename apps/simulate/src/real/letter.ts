/** What a reply names: the Message-ID, and those before it. */
export type Answered = { messageId: string; references: string; subject: string }

let letters = 0

/** RFC 5322, CRLF at the ends of lines. Each has a Message-ID of its own. */
export function letter(
  to: string,
  subject: string,
  from = 'Ada <ada@example.com>',
  answered: Answered | null = null,
): string {
  const lines = [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Message-ID: <${++letters}.${process.pid}@simulate.example>`,
    `Date: ${new Date().toUTCString()}`,
    ...(answered
      ? [
          `In-Reply-To: ${answered.messageId}`,
          `References: ${`${answered.references} ${answered.messageId}`.trim()}`,
        ]
      : []),
    '',
    `This is the text of "${subject}".`,
    '',
  ]
  return lines.join('\r\n')
}

/** A header that means what it says: printable ASCII in single spaces, no encoded words. */
export function plain(value: string): string | null {
  return /^[!-~]+( [!-~]+)*$/.test(value) && !value.includes('=?') && value.length < 200 ? value : null
}

/** What of these two headers can be told without reading mail as the product reads it. */
export function plainHeaders(
  subject: string,
  messageId: string,
): { subject?: string; messageIdHeader?: string } {
  const [said, id] = [plain(subject), plain(messageId)]
  return {
    ...(said === null ? {} : { subject: said }),
    ...(id !== null && /^<[^<>\s]+@[^<>\s]+>$/.test(id) ? { messageIdHeader: id } : {}),
  }
}
