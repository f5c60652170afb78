"use strict";(()=>{var e=FINCON_SERVER;var r=Object.assign(s=>({publishableKey:s}),{version:e.release==="v3"?3:e.release});"Stripe"in window||Object.assign(window,{Stripe:r});})();
