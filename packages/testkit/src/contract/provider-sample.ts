export const DOT_GIF = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
export const REPORT = '%PDF-1.4 not really a report'

let mailNumber = 0

/** A small mail. `parts` makes it one with an HTML body, an inline picture and an attached file. */
export function sampleMail(
  options: { subject?: string; text?: string; parts?: boolean; messageId?: string; references?: string } = {},
): string {
  mailNumber += 1
  const {
    subject = `Sample ${mailNumber}`,
    text = `Text of sample ${mailNumber}.`,
    messageId = `<sample-${mailNumber}@example.test>`,
  } = options
  const head = [
    'From: "Ada Lovelace" <ada@example.test>',
    'To: Bob <bob@example.test>, carol@example.test',
    `Subject: ${subject}`,
    'Date: Fri, 20 Nov 2026 10:00:00 +0000',
    `Message-ID: ${messageId}`,
    'MIME-Version: 1.0',
    ...(options.references ? [`References: ${options.references}`] : []),
  ]
  if (!options.parts) return [...head, 'Content-Type: text/plain; charset=utf-8', '', text, ''].join('\r\n')
  return [
    ...head,
    'Content-Type: multipart/mixed; boundary=outer',
    '',
    '--outer',
    'Content-Type: multipart/related; boundary=inner',
    '',
    '--inner',
    'Content-Type: text/html; charset=utf-8',
    '',
    `<p>${text}</p><img src="cid:dot@example.test">`,
    '--inner',
    'Content-Type: image/gif; name=dot.gif',
    'Content-ID: <dot@example.test>',
    'Content-Disposition: inline; filename=dot.gif',
    'Content-Transfer-Encoding: base64',
    '',
    DOT_GIF,
    '--inner--',
    '--outer',
    'Content-Type: application/pdf; name=report.pdf',
    'Content-Disposition: attachment; filename=report.pdf',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from(REPORT).toString('base64'),
    '--outer--',
    '',
  ].join('\r\n')
}
