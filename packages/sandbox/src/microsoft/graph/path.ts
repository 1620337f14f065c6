/** Words of Graph's paths, which it takes in any case. */
const WORDS = new Map(
  [
    'me',
    'users',
    'messages',
    'mailFolders',
    'childFolders',
    'attachments',
    'delta',
    'move',
    'copy',
    'send',
    'reply',
    'replyAll',
    'forward',
    'createReply',
    'createReplyAll',
    'createForward',
    'permanentDelete',
    'sendMail',
    'translateExchangeIds',
    'subscriptions',
    'reauthorize',
    '$batch',
    '$value',
    '$count',
  ].map(word => [word.toLowerCase(), word]),
)

/**
 * One spelling for every way to write an address: `mailfolders('x')` is `mailFolders/x`, a function's
 * parentheses go, and a folder's or message's address below another folder becomes its own.
 */
export function canonicalPath(path: string): string {
  let out = path
    .split('/')
    .flatMap(segment => {
      const decoded = segment
        .replaceAll('%24', '$')
        .replaceAll('%27', "'")
        .replaceAll('%28', '(')
        .replaceAll('%29', ')')
      const [, name = decoded, key = ''] = /^([^(]+)\('?(.*?)'?\)$/.exec(decoded) ?? []
      const bare = name.replace(/^microsoft\.graph\./i, '')
      const known = WORDS.get(bare.toLowerCase()) ?? bare
      return key === '' ? [known] : [known, key]
    })
    .join('/')
  for (let before = ''; before !== out; ) {
    before = out
    out = out.replace(/\/mailFolders\/[^/]+\/childFolders\/([^/]+)/, '/mailFolders/$1')
  }
  return out.replace(/\/mailFolders\/[^/]+\/messages\/(?!delta$|\$count$)([^/]+)/, '/messages/$1')
}
