package pbxsim

import (
	"fmt"
	"strings"
	"time"
)

// The seed is a company of 25 users, made up, with made-up secrets. These two users and this department cannot be deleted.
const (
	operatorNumber = "100"
	ownerID        = "2"
	defaultGroupID = "1"
)

// person is a user of the seed.
type person struct {
	id          int
	number      string
	first, last string
	department  string
	role        string
	disabled    bool
	// noVoicemail has voicemail switched off, noPIN has it without a PIN.
	noVoicemail, noPIN bool
}

func (p person) name() string { return p.first + " " + p.last }

func (p person) email() string {
	return strings.ToLower(p.first) + "." + strings.ToLower(p.last) + "@example.com"
}

// departments are the groups of the seed, the default one first; their ids are 1, 2, ….
func departments() []string {
	return []string{"DEFAULT", "Sales", "Support", "Accounting", "Warehouse"}
}

func seedPeople() []person {
	table := []person{
		{first: "Olivia", last: "Operator", department: "DEFAULT", role: "receptionists"},
		{first: "Oscar", last: "Owner", department: "DEFAULT", role: "system_owners"},
		{first: "Ada", last: "Admin", department: "DEFAULT", role: "system_admins"},
		{first: "Sam", last: "Seller", department: "Sales", role: "managers"},
		{first: "Sophie", last: "Stone", department: "Sales"},
		{first: "Sven", last: "Sorensen", department: "Sales", disabled: true},
		{first: "Selma", last: "Shaw", department: "Sales", noPIN: true},
		{first: "Simon", last: "Silva", department: "Sales", disabled: true, noPIN: true},
		{first: "Sara", last: "Santos", department: "Sales"},
		{first: "Stefan", last: "Swift", department: "Sales", noVoicemail: true, noPIN: true},
		{first: "Helen", last: "Hart", department: "Support", role: "managers"},
		{first: "Hugo", last: "Hill", department: "Support"},
		{first: "Hana", last: "Holm", department: "Support", noPIN: true},
		{first: "Henry", last: "Hughes", department: "Support"},
		{first: "Heidi", last: "Hansen", department: "Support", disabled: true},
		{first: "Hector", last: "Hunt", department: "Support"},
		{first: "Holly", last: "Howe", department: "Support", noVoicemail: true},
		{first: "Alice", last: "Abbott", department: "Accounting", role: "managers"},
		{first: "Anton", last: "Adler", department: "Accounting"},
		{first: "Amira", last: "Aziz", department: "Accounting", noPIN: true},
		{first: "Arthur", last: "Ames", department: "Accounting"},
		{first: "Walter", last: "West", department: "Warehouse", role: "managers"},
		{first: "Wilma", last: "Wood", department: "Warehouse"},
		{first: "Wendy", last: "O'Neil", department: "Warehouse", noVoicemail: true, noPIN: true},
		{first: "William", last: "Wang", department: "Warehouse", disabled: true},
	}
	for i := range table {
		table[i].id, table[i].number = i+1, fmt.Sprint(100+i)
		if table[i].role == "" {
			table[i].role = "users"
		}
	}
	return table
}

// seedSet returns the entities of the sets that the seed knows; for others nil, and they get samples.
func seedSet(name string, now time.Time) []entity {
	switch name {
	case "Groups":
		return seedGroups()
	case "Queues":
		return seedQueues()
	case "RingGroups":
		return seedRingGroups()
	case "Trunks":
		return seedTrunks()
	case "Contacts":
		return seedContacts()
	case "Peers":
		return seedPeers()
	case "ActiveCalls":
		return seedActiveCalls(now)
	case "Receptionists":
		return []entity{{"Id": 501, "Number": "840", "Name": "Main menu"}}
	case "Parkings":
		return []entity{{"Id": 601, "Number": "860"}}
	case "Fax":
		return []entity{{"Id": 701, "Number": "880", "OutboundCallerId": "+441632960088"}}
	}
	return nil
}

// crowd is as many more people as are asked for, for whom wants a long list.
func crowd(n int) []person {
	people := make([]person, n)
	for i := range people {
		people[i] = person{
			id: 100000 + i, number: fmt.Sprint(100000 + i), first: fmt.Sprintf("Extra%d", i), last: "Person", department: "Warehouse", role: "users",
		}
	}
	return people
}

func seedUsers(people []person) []entity {
	var users []entity
	ids := map[string]int{}
	for i, name := range departments() {
		ids[name] = i + 1
	}
	for _, p := range people {
		pin := "00" + p.number[1:]
		if p.noPIN {
			pin = ""
		}
		group := ids[p.department]
		users = append(users, entity{
			"Id": p.id, "Number": p.number, "FirstName": p.first, "LastName": p.last, "DisplayName": p.name(),
			"EmailAddress": p.email(), "Enabled": !p.disabled, "Language": "EN", "PrimaryGroupId": group,
			"Mobile": fmt.Sprintf("+4477009000%02d", p.id), "OutboundCallerID": "+441632960100",
			"VMEnabled": !p.noVoicemail, "VMPIN": pin, "VMEmailOptions": "Notification", "VMDisablePinAuth": false,
			"AuthID": "fake-auth-" + p.number, "AuthPassword": "not-a-real-password", "DeskphonePassword": "0000",
			"IsRegistered": !p.disabled && p.id%4 != 0, "CurrentProfileName": "Available", "QueueStatus": "LoggedIn",
			"RecordCalls": p.department == "Support", "Internal": false, "HideInPhonebook": false,
			"Groups":             []any{membership(group, p)},
			"ForwardingProfiles": seedProfiles(p.id),
			"Phones":             seedPhones(p),
			"Greetings":          []any{entity{"DisplayName": "Default", "Filename": "greeting-" + p.number + ".wav", "Type": "Default"}},
		})
	}
	return users
}

func membership(group int, p person) entity {
	return entity{
		"Id": p.id, "GroupId": group, "Name": p.department, "Number": groupNumber(group), "MemberName": p.name(),
		"Type": "Extension", "CanDelete": true, "Tags": []any{}, "Rights": entity{"RoleName": p.role},
	}
}

func seedProfiles(user int) []any {
	var profiles []any
	for i, name := range []string{"Available", "Away", "Out of office", "Custom 1", "Custom 2"} {
		profiles = append(profiles, entity{
			"Id": user*10 + i, "Name": name, "CustomName": "", "NoAnswerTimeout": 20, "RingMyMobile": false, "AcceptMultipleCalls": true,
			"AvailableRoute": nil, "AwayRoute": nil,
		})
	}
	return profiles
}

// seedPhones gives every third user a desk phone. The addresses are from the range for documentation.
func seedPhones(p person) []any {
	if p.id%3 != 1 {
		return []any{}
	}
	return []any{entity{
		"Id": p.id, "MacAddress": fmt.Sprintf("00005e0053%02x", p.id), "Name": "Desk phone of " + p.name(),
		"TemplateName": "sample.ph.xml", "Interface": "192.0.2.10", "Settings": nil,
	}}
}

func groupNumber(id int) string { return fmt.Sprintf("GRP%04d", id-1) }

func seedGroups() []entity {
	var groups []entity
	for i, name := range departments() {
		groups = append(groups, entity{
			"Id": i + 1, "Number": groupNumber(i + 1), "Name": name, "IsDefault": i == 0, "Language": "EN", "TimeZoneId": "51",
			"Rights": []any{
				entity{"RoleName": "managers", "CanSeeGroupCalls": true, "CanSeeGroupMembers": true, "PerformOperations": true},
				entity{"RoleName": "users", "CanSeeGroupCalls": false, "CanSeeGroupMembers": true, "PerformOperations": false},
			},
		})
	}
	return groups
}

// agents are the people of a department, as queues and ring groups list them.
func agents(department string) []any {
	var list []any
	for _, p := range seedPeople() {
		if p.department == department && !p.disabled {
			list = append(list, entity{"Id": p.id, "Number": p.number, "Name": p.name(), "Tags": []any{}})
		}
	}
	return list
}

func seedQueues() []entity {
	manager := func(id int, name string) []any {
		return []any{entity{"Id": id, "Number": fmt.Sprint(99 + id), "Name": name, "Tags": []any{}}}
	}
	return []entity{
		{
			"Id": 301, "Number": "800", "Name": "Sales queue", "PollingStrategy": "RingAll", "RingTimeout": 20, "MasterTimeout": 300,
			"SLATime": 30, "MaxCallersInQueue": 20, "Agents": agents("Sales"), "Managers": manager(4, "Sam Seller"),
		},
		{
			"Id": 302, "Number": "801", "Name": "Support queue", "PollingStrategy": "LongestWaiting", "RingTimeout": 15, "MasterTimeout": 600,
			"SLATime": 60, "MaxCallersInQueue": 50, "Agents": agents("Support"), "Managers": manager(11, "Helen Hart"),
		},
	}
}

func seedRingGroups() []entity {
	return []entity{
		{"Id": 401, "Number": "820", "Name": "Accounting", "RingStrategy": "RingAll", "RingTime": 20, "Members": agents("Accounting")},
		{"Id": 402, "Number": "821", "Name": "Warehouse", "RingStrategy": "Hunt", "RingTime": 15, "Members": agents("Warehouse")},
	}
}

func seedTrunks() []entity {
	trunk := func(id int, name, host string, online bool) entity {
		return entity{
			"Id": 200 + id, "Number": fmt.Sprint(9999 + id), "ExternalNumber": "+441632960100", "Direction": "Both", "SimultaneousCalls": 10,
			"IsOnline": online, "AuthID": "fake-trunk-auth", "AuthPassword": entity{"Concealed": true, "Value": "not-a-real-password"},
			"DidNumbers": []any{"+441632960100", "+441632960101"}, "EnableInboundCalls": true, "EnableOutboundCalls": true,
			"Gateway": entity{"Id": id, "Name": name, "Host": host, "Port": 5060, "Type": "Provider"},
		}
	}
	return []entity{
		trunk(1, "Example Telecom", "sip.example.net", true),
		trunk(2, "Backup line", "sip.example.org", false),
	}
}

func seedContacts() []entity {
	rows := [][4]string{
		{"Nora", "North", "Northwind Ltd", "+441632960011"}, {"Carl", "Contoso", "Contoso", "+441632960042"},
		{"Fay", "Fabrikam", "Fabrikam Inc", "+12025550143"}, {"Bernd", "Berlin", "Beispiel GmbH", "+493023125000"},
		{"Lou", "Litware", "Litware", "+12025550178"}, {"Tess", "Tailspin", "Tailspin Toys", "+12025550191"},
	}
	var contacts []entity
	for i, r := range rows {
		contacts = append(contacts, entity{
			"Id": i + 1, "FirstName": r[0], "LastName": r[1], "CompanyName": r[2], "PhoneNumber": r[3], "ContactType": "3CX",
			"Email": strings.ToLower(r[0]) + "@example.net", "Department": "DEFAULT",
		})
	}
	return contacts
}

func seedPeers() []entity {
	var peers []entity
	for _, p := range seedPeople() {
		peers = append(peers, entity{"Id": p.id, "Number": p.number, "Name": p.name(), "Type": "Extension"})
	}
	return append(peers,
		entity{"Id": 301, "Number": "800", "Name": "Sales queue", "Type": "Queue"},
		entity{"Id": 302, "Number": "801", "Name": "Support queue", "Type": "Queue"},
		entity{"Id": 401, "Number": "820", "Name": "Accounting", "Type": "RingGroup"},
		entity{"Id": 402, "Number": "821", "Name": "Warehouse", "Type": "RingGroup"},
		entity{"Id": 201, "Number": "10000", "Name": "Example Telecom", "Type": "ExternalLine"})
}

func seedActiveCalls(now time.Time) []entity {
	at := func(d time.Duration) string { return now.Add(-d).UTC().Truncate(time.Second).Format(time.RFC3339) }
	return []entity{
		{"Id": 1, "Caller": "+441632960011", "Callee": "103 Sam Seller", "Status": "Talking", "EstablishedAt": at(4 * time.Minute), "LastChangeStatus": at(4 * time.Minute), "ServerNow": at(0)},
		{"Id": 2, "Caller": "110 Helen Hart", "Callee": "117 Alice Abbott", "Status": "Routing", "LastChangeStatus": at(5 * time.Second), "ServerNow": at(0)},
	}
}
