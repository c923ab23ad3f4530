// Reads queries as a JSON list; writes for each whether a third-party grammar takes it, and whether
// what it composes out of what it parsed is the same query.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(process.argv[2] + '/');
const { composeQuery, formatQuery, isQueryValid, parseQuery } = require('@jetstreamapp/soql-parser-js');

const queries = JSON.parse(readFileSync(0, 'utf8'));
const plain = (text) => formatQuery(text).replace(/\s+/g, ' ').trim();
console.log(
  JSON.stringify(
    queries.map((query) => {
      if (!isQueryValid(query)) return { query, valid: false, same: false };
      return { query, valid: true, same: plain(composeQuery(parseQuery(query))) === plain(query) };
    }),
  ),
);
