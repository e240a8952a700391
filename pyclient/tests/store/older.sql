CREATE TABLE run (
	id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	"by" VARCHAR NOT NULL, 
	target VARCHAR NOT NULL, 
	as_of VARCHAR NOT NULL, 
	started_at VARCHAR NOT NULL, 
	finished_at VARCHAR, 
	state VARCHAR NOT NULL, 
	plan_digest VARCHAR, 
	policy_revision VARCHAR, 
	data_revision VARCHAR, 
	facts_digest VARCHAR, 
	people INTEGER, 
	counts TEXT, 
	CONSTRAINT pk_run PRIMARY KEY (id)
);
INSERT INTO "run" VALUES(1,'apply','admin@sample','ledger','2027-06-29','2026-11-30T03:31:52.768Z','2026-11-30T03:31:52.854Z','finished','d56dfc6627bb38391ceb1c0fa89d644bf9735be8b8a172bde78a59ece5fd10ac','25f6acebc6806b30d4faf131007fba89d00487f45ffc4e41195b5cfd1612384e','5ced6a392a8d2cd61cfeeb016d7f1c3ad2c600352daf760166359c2c0f567397','211212d6290454c8f0a954abb7fac14145e06ec0ba2b9d3ceffd5e67119f2726',3,'{"allow":3,"grant":3}');
INSERT INTO "run" VALUES(2,'apply','admin@sample','ledger','2027-06-29','2026-11-30T03:31:55.040Z','2026-11-30T03:31:55.125Z','finished','73398ec6bbb18f4766ac25d0dc2f1484c924ab6398a4ac6ce1a33407f54f4ac6','25f6acebc6806b30d4faf131007fba89d00487f45ffc4e41195b5cfd1612384e','5ced6a392a8d2cd61cfeeb016d7f1c3ad2c600352daf760166359c2c0f567397','09791d80d338f076542da2d08f075d208159e5ca322b116f29646c62cc7e373b',3,'{"allow":2,"deny":1,"keep":2,"revoke":1}');
CREATE TABLE access (
	target VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	employee_id VARCHAR NOT NULL, 
	since VARCHAR, 
	locations TEXT, 
	CONSTRAINT pk_access PRIMARY KEY (target, account)
);
INSERT INTO "access" VALUES('ledger','000000','000000','2027-06-29','["210"]');
INSERT INTO "access" VALUES('ledger','000002','000002','2027-06-29','["210"]');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE audit (
	seq INTEGER NOT NULL, 
	at VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	run_id INTEGER, 
	employee_id VARCHAR, 
	body TEXT NOT NULL, 
	hash VARCHAR NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (seq)
);
INSERT INTO "audit" VALUES(1,'2026-11-30T03:31:52.768Z','run_started',1,NULL,'{"as_of":"2027-06-29","by":"admin@sample","counts":{"allow":3,"grant":3},"data_revision":"5ced6a392a8d2cd61cfeeb016d7f1c3ad2c600352daf760166359c2c0f567397","facts_digest":"211212d6290454c8f0a954abb7fac14145e06ec0ba2b9d3ceffd5e67119f2726","kind":"apply","people":3,"plan_digest":"d56dfc6627bb38391ceb1c0fa89d644bf9735be8b8a172bde78a59ece5fd10ac","policy_revision":"25f6acebc6806b30d4faf131007fba89d00487f45ffc4e41195b5cfd1612384e","target":"ledger"}','4842d04c35db517164fd292caa252ccd6c39bba072a7c2c3f998f03f9248a2e9');
INSERT INTO "audit" VALUES(2,'2026-11-30T03:31:52.798Z','intent',1,'000000','{"account":"000000","action":"grant","after":{"locations":["210"],"since":"2027-06-29"},"basis":{"approval":{"approver":"000777","decided_on":"2027-06-19"},"elementary":"2027-06-19","location":"210","role":"Office Professional","walk_in":"2027-06-19"},"batch":"20270629-000001-000001","before":null,"employee_id":"000000","escalate":true,"grant_due_by":"2027-06-22","n":1,"outcome":"allow","requirements_met_on":"2027-06-19","target":"ledger"}','194b4e883bdb3313cacb2cbb13d4defe20967dbe4ccb12a699189b01a1b4c6f6');
INSERT INTO "audit" VALUES(3,'2026-11-30T03:31:52.798Z','intent',1,'000001','{"account":"000001","action":"grant","after":{"locations":["210"],"since":"2027-06-29"},"basis":{"approval":{"approver":"000777","decided_on":"2027-06-19"},"elementary":"2027-06-19","location":"210","role":"Office Professional","walk_in":"2027-06-19"},"batch":"20270629-000001-000001","before":null,"employee_id":"000001","escalate":true,"grant_due_by":"2027-06-22","n":2,"outcome":"allow","requirements_met_on":"2027-06-19","target":"ledger"}','a8ec0d78adb4699285de65980ba6dbcce2dc52dad5fd4a6b63c1394546e9b084');
INSERT INTO "audit" VALUES(4,'2026-11-30T03:31:52.798Z','intent',1,'000002','{"account":"000002","action":"grant","after":{"locations":["210"],"since":"2027-06-29"},"basis":{"approval":{"approver":"000777","decided_on":"2027-06-19"},"elementary":"2027-06-19","location":"210","role":"Office Professional","walk_in":"2027-06-19"},"batch":"20270629-000001-000001","before":null,"employee_id":"000002","escalate":true,"grant_due_by":"2027-06-22","n":3,"outcome":"allow","requirements_met_on":"2027-06-19","target":"ledger"}','59960b8ab4753cbdb5b0ad4c84beda3bcec6bb7bbd2f08102a9effcb9db03c85');
INSERT INTO "audit" VALUES(5,'2026-11-30T03:31:52.830Z','made',1,'000000','{"account":"000000","action":"grant","after":{"locations":["210"],"since":"2027-06-29"},"n":1,"note":""}','10409eb5f7a7b7255b4cd2b20ca851cb7ccb0d3019f6ca7064cc20f9d1ec7eb7');
INSERT INTO "audit" VALUES(6,'2026-11-30T03:31:52.830Z','made',1,'000001','{"account":"000001","action":"grant","after":{"locations":["210"],"since":"2027-06-29"},"n":2,"note":""}','b0579c3296451cd11aad1978ffa7d10b17c579e97d03d2b2f09bd42b065086d5');
INSERT INTO "audit" VALUES(7,'2026-11-30T03:31:52.830Z','made',1,'000002','{"account":"000002","action":"grant","after":{"locations":["210"],"since":"2027-06-29"},"n":3,"note":""}','2bc959b2e5b33f946c957a157fdef5d46614ccd72034bfbb37f00d09f42055d0');
INSERT INTO "audit" VALUES(8,'2026-11-30T03:31:52.845Z','verified',1,'000000','{"account":"000000","action":"grant","after":{"locations":["210"],"since":"2027-06-29"},"n":1,"note":""}','b6c77c1499736cf3210d422527a88d550c837dffa9cef24a2a61b4e6fa487c0d');
INSERT INTO "audit" VALUES(9,'2026-11-30T03:31:52.845Z','verified',1,'000001','{"account":"000001","action":"grant","after":{"locations":["210"],"since":"2027-06-29"},"n":2,"note":""}','4ec03afb2286c04c98e6cadc484cad537c205b7e74ffedc68d449d931f07f410');
INSERT INTO "audit" VALUES(10,'2026-11-30T03:31:52.845Z','verified',1,'000002','{"account":"000002","action":"grant","after":{"locations":["210"],"since":"2027-06-29"},"n":3,"note":""}','7701470cb0cf4d9f34d61f46983bb54a6ebb0d7f890bb315422bda43448f6d22');
INSERT INTO "audit" VALUES(11,'2026-11-30T03:31:52.854Z','run_finished',1,NULL,'{"verified":3}','60692750b1baf004c1a61a56abe8177507bd4aff2095e23eabf2e214b5682222');
INSERT INTO "audit" VALUES(12,'2026-11-30T03:31:55.040Z','run_started',2,NULL,'{"as_of":"2027-06-29","by":"admin@sample","counts":{"allow":2,"deny":1,"keep":2,"revoke":1},"data_revision":"5ced6a392a8d2cd61cfeeb016d7f1c3ad2c600352daf760166359c2c0f567397","facts_digest":"09791d80d338f076542da2d08f075d208159e5ca322b116f29646c62cc7e373b","kind":"apply","people":3,"plan_digest":"73398ec6bbb18f4766ac25d0dc2f1484c924ab6398a4ac6ce1a33407f54f4ac6","policy_revision":"25f6acebc6806b30d4faf131007fba89d00487f45ffc4e41195b5cfd1612384e","target":"ledger"}','749557354214be3ece62720b8f5a0d11136420265476674f6cae8133a087a15d');
INSERT INTO "audit" VALUES(13,'2026-11-30T03:31:55.063Z','intent',2,'000001','{"account":"000001","action":"revoke","after":null,"batch":"20270629-000002-000001","before":{"locations":["210"],"since":"2027-06-29"},"employee_id":"000001","n":1,"outcome":"deny","reasons":[{"clause":"ES-10","code":"not_employed","message":"Not employed on 2027-06-29: the last day employed was 2027-06-01.","remedy":"If the record of employment is wrong, ask HR to correct it. After a return, all posted requirements must be met."}],"target":"ledger"}','d8e7383737190d5353b1128fdf748fd95e5c4d5d6533285d66fff043e3e7fcc3');
INSERT INTO "audit" VALUES(14,'2026-11-30T03:31:55.095Z','made',2,'000001','{"account":"000001","action":"revoke","after":null,"n":1,"note":""}','2242c95eebc8cbcf4c61d8df6f08eba1546c33c457c5f8b1029f4b8ea10f5781');
INSERT INTO "audit" VALUES(15,'2026-11-30T03:31:55.115Z','verified',2,'000001','{"account":"000001","action":"revoke","after":null,"n":1,"note":""}','05d7d2015ec78c69cb32164be9d7ab09ec40ed6f2361c81c44db525d66215c4b');
INSERT INTO "audit" VALUES(16,'2026-11-30T03:31:55.125Z','run_finished',2,NULL,'{"verified":1}','753c2469a5acbb6879d816425f9c83b450051e94fb2b37641b2a23354dc7106b');
CREATE TABLE change (
	run_id INTEGER NOT NULL, 
	n INTEGER NOT NULL, 
	target VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	employee_id VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	"before" TEXT, 
	"after" TEXT, 
	state VARCHAR NOT NULL, 
	note VARCHAR NOT NULL, 
	batch VARCHAR NOT NULL, 
	intended_at VARCHAR NOT NULL, 
	settled_at VARCHAR, 
	due_on VARCHAR, 
	CONSTRAINT pk_change PRIMARY KEY (run_id, n), 
	CONSTRAINT fk_change_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
INSERT INTO "change" VALUES(1,1,'ledger','grant','000000','000000',NULL,'{"locations":["210"],"since":"2027-06-29"}','verified','','20270629-000001-000001','2026-11-30T03:31:52.798Z','2026-11-30T03:31:52.845Z',NULL);
INSERT INTO "change" VALUES(1,2,'ledger','grant','000001','000001',NULL,'{"locations":["210"],"since":"2027-06-29"}','verified','','20270629-000001-000001','2026-11-30T03:31:52.798Z','2026-11-30T03:31:52.845Z',NULL);
INSERT INTO "change" VALUES(1,3,'ledger','grant','000002','000002',NULL,'{"locations":["210"],"since":"2027-06-29"}','verified','','20270629-000001-000001','2026-11-30T03:31:52.798Z','2026-11-30T03:31:52.845Z',NULL);
INSERT INTO "change" VALUES(2,1,'ledger','revoke','000001','000001','{"locations":["210"],"since":"2027-06-29"}',NULL,'verified','','20270629-000002-000001','2026-11-30T03:31:55.063Z','2026-11-30T03:31:55.115Z',NULL);
CREATE TABLE consent (
	plan_digest VARCHAR NOT NULL, 
	given_at VARCHAR NOT NULL, 
	"by" VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	expires_at VARCHAR NOT NULL, 
	CONSTRAINT pk_consent PRIMARY KEY (plan_digest, given_at)
);
CREATE TABLE decision (
	employee_id VARCHAR NOT NULL, 
	facts VARCHAR NOT NULL, 
	rules VARCHAR NOT NULL, 
	decided_on VARCHAR NOT NULL, 
	recheck_on VARCHAR, 
	outcome VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	document TEXT NOT NULL, 
	CONSTRAINT pk_decision PRIMARY KEY (employee_id)
);
INSERT INTO "decision" VALUES('000000','1146aa8c7bd5b4ae9e215a3a68f2c692e92b1eeae6582ffcd335b04739d29cba','065fe73b60f2ba8e198612ac7bc25b83','2027-06-29','2028-01-01','allow','keep','{"action":"keep","as_of":"2027-06-29","basis":{"approval":{"approver":"000777","decided_on":"2027-06-19"},"elementary":"2027-06-19","location":"210","role":"Office Professional","walk_in":"2027-06-19"},"employee_id":"000000","escalate":false,"expiry":{"recertification_opens":"2028-01-01","state":"valid","valid_through":"2028-06-30"},"grant_due_by":"2027-06-22","locations":["210"],"outcome":"allow","reasons":[],"recheck_on":"2028-01-01","requirements_met_on":"2027-06-19","warnings":[]}');
CREATE TABLE lock (
	name VARCHAR NOT NULL, 
	holder VARCHAR NOT NULL, 
	since VARCHAR NOT NULL, 
	token VARCHAR NOT NULL, 
	CONSTRAINT pk_lock PRIMARY KEY (name)
);
CREATE INDEX ix_change_state ON change (target, state);
CREATE INDEX ix_change_employee ON change (employee_id);
CREATE INDEX ix_audit_employee ON audit (employee_id);
