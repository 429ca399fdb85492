import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { chromium } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../catalog/open-catalog.ts';
import { escapeHtml, html } from '../../catalog/page/html.ts';
import { assigned, basic, entity, openTestCatalog } from './support.ts';

const browserPath = '/usr/bin/chromium';
const hasBrowser = existsSync(browserPath);
if (!hasBrowser)
  process.stdout.write(`Not run: the catalogue's page in a browser, because there is no ${browserPath}.\n`);
const hostile = '<img src=x onerror=alert(1)>"\'&';

test('html`` escapes every value, whatever it holds', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '\u0000', ';', 'a', 'é', '😀') }),
      (value) => {
        expect(html`<p title="${value}">`.text.slice(10, -2)).not.toMatch(/[<>"']/);
        expect(escapeHtml(value)).not.toMatch(/[<>"']/);
      },
    ),
  );
});

describe('the pages', () => {
  test('GET /asset/:guid shows names as text only, under a strict policy', async () => {
    const server = await openTestCatalog();
    const entities = [
      entity('shop_table', hostile, { comment: hostile }, '-1'),
      entity('shop_table', 'out', {}, '-2'),
      entity('shop_job', 'job', { inputs: [{ guid: '-1' }], outputs: [{ guid: '-2' }] }, '-3'),
    ];
    const { body } = await server.call('POST', '/entity/bulk', { entities });
    for (const path of [
      '/',
      `/?q=${encodeURIComponent('<img')}`,
      `/asset/${assigned(body, '-1')}`,
      `/?guid=${assigned(body, '-3')}`,
    ]) {
      const response = await server.app.request(`http://localhost${path}`);
      expect(response.status).toBe(200);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe');
      const text = await response.text();
      expect(text).toContain('&lt;img');
      expect(text).not.toContain('<img');
      expect(text).not.toContain('<script');
    }
    expect((await server.app.request('http://localhost/asset/none')).status).toBe(404);
    await server.close();
  });

  test('GET /api/catalog/stats counts types and calls', async () => {
    const server = await openTestCatalog();
    await server.call('POST', '/entity/bulk', { entities: [entity('shop_table', 't')] });
    const response = await server.app.request('http://localhost/api/catalog/stats');
    expect(await response.json()).toMatchObject({ entities: 1, byType: { shop_table: 1 }, writeCalls: 1 });
    await server.close();
  });

  test.runIf(hasBrowser)(
    'a browser draws lineage without a message on its console',
    { timeout: 60_000 },
    async () => {
      const path = mkdtempSync(join(tmpdir(), 'catalog-page-'));
      const catalog = await openCatalog({ path, port: 0 });
      const browser = await chromium.launch({
        executablePath: browserPath,
        args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
      });
      try {
        const job = { inputs: [{ guid: '-1' }], outputs: [{ guid: '-2' }] };
        const entities = [
          entity('DataSet', 'in', {}, '-1'),
          entity('DataSet', hostile, {}, '-2'),
          entity('Process', 'p', job, '-3'),
        ];
        const answer = await fetch(`${catalog.url}/api/atlas/v2/entity/bulk`, {
          method: 'POST',
          headers: { authorization: basic('admin'), 'content-type': 'application/json' },
          body: JSON.stringify({ entities }),
        });
        expect(answer.status).toBe(200);
        const page = await browser.newPage();
        const messages: string[] = [];
        page.on('console', (message) => messages.push(message.text()));
        page.on('pageerror', (thrown) => messages.push(String(thrown)));
        await page.goto(`${catalog.url}/?q=in`);
        await page.click('table a');
        expect(await page.locator('svg rect').count()).toBe(3);
        expect(await page.locator('svg .here title').textContent()).toBe('in (DataSet)');
        expect(messages).toEqual([]);
      } finally {
        await browser.close();
        await catalog.close();
        rmSync(path, { recursive: true, force: true });
      }
    },
  );
});
