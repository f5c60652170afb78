import { IntegrationError } from './errors';

// What the original object can do besides linking accounts. It is not here, and says so when it is called; that it can be
// found is how libraries know the object.

const refusal = (name: string) =>
  new IntegrationError(`stripe.${name}() is not served here: fincon links accounts, and takes no payments.`);

const rejects = (name: string) => () => Promise.reject(refusal(name));
const throws = (name: string) => () => {
  throw refusal(name);
};

/** The payments and set-ups that can be confirmed are many, and their methods are named alike. */
const payments =
  'AcssDebit UsBankAccount Alipay AuBecsDebit Bancontact Billie Blik Boleto Card Cashapp CustomerBalance Eps Fpx Giropay GrabPay ' +
  'Ideal Klarna Konbini Mobilepay Multibanco Oxxo P24 PayByBank PayNow PayPal Pix PromptPay SepaDebit Sofort Twint WechatPay ' +
  'Affirm AfterpayClearpay';
const setups =
  'AcssDebit UsBankAccount AuBecsDebit BacsDebit Bancontact Blik Card Cashapp Ideal AmazonPay PayPal SepaDebit Sofort';
const asynchronous =
  'confirmPayment confirmSetup handleCardAction handleNextAction verifyMicrodepositsForPayment verifyMicrodepositsForSetup ' +
  'createRadarSession collectBankAccountForPayment collectBankAccountForSetup createPaymentMethod createConfirmationToken ' +
  'retrievePaymentIntent retrieveSetupIntent processOrder retrieveOrder createToken verifyIdentity createEphemeralKeyNonce ' +
  'createEmbeddedCheckoutPage initializePricing';
const synchronous = 'paymentRequest initCheckoutElementsSdk initCheckoutFormSdk';

const methods = (names: string, make: (name: string) => unknown, prefix = '', suffix = '') =>
  names.split(' ').map((name) => [prefix + name + suffix, make(prefix + name + suffix)]);

export const elsewhere = Object.fromEntries([
  ...methods(payments, rejects, 'confirm', 'Payment'),
  ...methods(setups, rejects, 'confirm', 'Setup'),
  ...methods(asynchronous, rejects),
  ...methods(synchronous, throws),
]) as Record<string, unknown>;

/** Gives a group of elements without any: providers of UI libraries make one for every page, also for those that only link. */
export const elements = () => ({
  create: throws('elements().create'),
  getElement: () => null,
  update: () => Promise.resolve(),
  on() {},
  off() {},
  fetchUpdates: () => Promise.resolve({}),
  submit: rejects('elements().submit'),
});
